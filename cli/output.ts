/** Where a command's answer goes: one JSON document, or lines for people. Neither holds anything that a terminal would act on. */
import { visibleLines, visibleText } from '../config/visible-text.ts';

export interface Output {
  json: boolean;
  result(document: unknown, lines: () => readonly string[]): void;
}

export function createOutput({ json, stdout }: { json: boolean; stdout: NodeJS.WriteStream }): Output {
  return {
    json,
    result(document, lines) {
      const shown = json
        ? visibleLines(JSON.stringify(document, null, 2))
        : lines().map(visibleText).join('\n');
      if (shown !== '') stdout.write(`${shown}\n`);
    },
  };
}
