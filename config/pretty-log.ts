import { pino, type DestinationStream } from 'pino';
import pretty from 'pino-pretty';
import { visibleValue } from './visible-text.ts';

/** A destination that prints `12:00:01.123 INFO message {"key":"value"}`, one line a record; only our own colours reach the terminal. */
export function pinoPretty(): DestinationStream {
  const prettify = pretty.prettyFactory({
    colorize: process.stdout.isTTY,
    translateTime: 'HH:MM:ss.l',
    ignore: 'pid,hostname,name',
    singleLine: true,
  });
  const stdout = pino.destination({ dest: 1, sync: true });
  return {
    write(record) {
      stdout.write(prettify(visibleValue(JSON.parse(record), ['stack'])));
    },
  };
}
