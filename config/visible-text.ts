/** Text of others (names of files, reasons, what servers say) as a terminal may show it. */

/**
 * What a terminal acts on or does not show: control characters, those that turn the direction of writing, that have no width, that end lines, and
 * halves of characters.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line in which everything is visible: hidden characters are written as in JSON, as in `\u202e`, so that JSON stays JSON. */
export const visibleText = (text: string): string => text.replaceAll(HIDDEN, escaped);

/** The same for text of several lines that we have broken ourselves. */
export const visibleLines = (text: string): string => text.split('\n').map(visibleText).join('\n');

/** The same for all texts within a value of JSON, keys included. @param lines names of texts that have several lines */
export function visibleValue(value: unknown, lines: readonly string[] = []): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map((each) => visibleValue(each, lines));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      visibleText(key),
      typeof each === 'string' && lines.includes(key) ? visibleLines(each) : visibleValue(each, lines),
    ]),
  );
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return SHORT[character] ?? units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
