/** Lines of several parts and one status line that stays at the bottom, on a terminal or in a file. */
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
  function line(text: string): void {
    stream.write(status === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${fitting(status)}`);
  }
  return {
    isTerminal,
    line,
    part(name) {
      const colour = colours.get(name) ?? COLOURS[colours.size % COLOURS.length] ?? 0;
      colours.set(name, colour);
      const label = name.padEnd(NAME_WIDTH);
      const prefix = isTerminal ? `\u001b[${colour}m${label} |\u001b[0m ` : `${label} | `;
      return (text) => line(prefix + text);
    },
    status(text = '') {
      if (!isTerminal || text === status) return;
      status = text;
      stream.write(CLEAR_LINE + fitting(text));
    },
  };
}
