export function builtProgram(entry: string, options?: { folder?: string }): Promise<string>;
