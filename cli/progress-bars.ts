/** Bars on a terminal, redrawn in place. */
import { visibleText } from '../config/visible-text.ts';

const BAR_WIDTH = 30;

/** `done` of `total`, as in `████████░░░░  12/18`; empty when there is nothing to do. */
export function bar(done: number, total: number, width = BAR_WIDTH): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const filled = Math.floor(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}  ${done}/${total}`;
}

export interface Painter {
  /** Replaces what was painted last. */
  paint(lines: readonly string[]): void;
  clear(): void;
}

/** Paints nothing where the stream is no terminal. */
export function createPainter(stream: NodeJS.WriteStream): Painter {
  let painted = 0;
  const erase = (): string => (painted === 0 ? '' : `\u001b[${painted}F\u001b[J`);
  return {
    paint(lines) {
      if (!stream.isTTY) return;
      const width = (stream.columns || 80) - 1;
      stream.write(`${erase()}${lines.map((line) => `${visibleText(line).slice(0, width)}\n`).join('')}`);
      painted = lines.length;
    },
    clear() {
      if (stream.isTTY) stream.write(erase());
      painted = 0;
    },
  };
}
