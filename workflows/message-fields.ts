/**
 * Signals also come from people and scripts, with anything in them, and a handler that throws would stop its workflow:
 * a text field of a message, or undefined when there is none.
 */
export function textField(message: unknown, name: string): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const value = (message as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
