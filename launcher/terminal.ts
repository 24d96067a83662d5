/** Lines of several parts and one status line that stays at the bottom, on a terminal or in a file. The colours are ours; whatever else is hidden in a line is made visible. */
import { visibleText } from '../config/visible-text.ts';

export interface Terminal {
  isTerminal: boolean;
  line(text: string): void;
  /** A function that prints lines behind the part's name. */
  part(name: string): (text: string) => void;
  /** Shown below all lines until it is replaced; only on a terminal. */
  status(text: string | undefined): void;
}

const NAME_WIDTH = 'clickhouse'.length;
const COLOURS = [36, 33, 35, 32, 34, 31];
const CLEAR_LINE = '\r\u001b[K';

export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  const isTerminal = stream.isTTY;
  const colours = new Map<string, number>();
  let status = '';
  // Whoever read our lines may leave; the parts go on.
  stream.on('error', () => {});

  function fitting(text: string): string {
    return text.slice(0, (stream.columns || 80) - 1);
  }
  function line(text: string, prefix = ''): void {
    const shown = prefix + visibleText(text);
    stream.write(status === '' ? `${shown}\n` : `${CLEAR_LINE}${shown}\n${fitting(status)}`);
  }
  return {
    isTerminal,
    line: (text) => line(text),
    part(name) {
      const colour = colours.get(name) ?? COLOURS[colours.size % COLOURS.length] ?? 0;
      colours.set(name, colour);
      const label = name.padEnd(NAME_WIDTH);
      const prefix = isTerminal ? `\u001b[${colour}m${label} |\u001b[0m ` : `${label} | `;
      return (text) => line(text, prefix);
    },
    status(text = '') {
      const shown = visibleText(text);
      if (!isTerminal || shown === status) return;
      status = shown;
      stream.write(CLEAR_LINE + fitting(shown));
    },
  };
}
