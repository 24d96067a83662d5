/** Structured logs: JSON lines, or lines for people when stdout is a terminal or `LOG_FORMAT=pretty`. */
import { pino, type Logger } from 'pino';
import { pinoPretty } from './pretty-log.ts';
import { visibleText } from './visible-text.ts';

export type { Logger } from 'pino';

/**
 * @param name the part that speaks: `worker`, `gateway`, …
 * @param level pino's level names
 */
export function createLogger({ name, level }: { name: string; level: string }): Logger {
  const options = { name, level, base: { name } };
  const pretty =
    process.env['LOG_FORMAT'] === 'pretty' ||
    (process.env['LOG_FORMAT'] === undefined && process.stdout.isTTY);
  if (pretty) return pino(options, pinoPretty());
  // People read these too, in terminals.
  return pino({ ...options, hooks: { streamWrite: (line) => `${visibleText(line.slice(0, -1))}\n` } });
}
