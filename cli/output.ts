/** Where a command's answer goes: one JSON document, or lines for people. */
export interface Output {
  json: boolean;
  result(document: unknown, lines: () => readonly string[]): void;
}

export function createOutput({ json, stdout }: { json: boolean; stdout: NodeJS.WriteStream }): Output {
  return {
    json,
    result(document, lines) {
      const shown = json ? JSON.stringify(document, null, 2) : lines().join('\n');
      if (shown !== '') stdout.write(`${shown}\n`);
    },
  };
}
