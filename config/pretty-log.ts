import pretty from 'pino-pretty';

/** A destination that prints `12:00:01.123 INFO message {"key":"value"}`, one line a record. */
export function pinoPretty(): pretty.PrettyStream {
  return pretty({
    colorize: process.stdout.isTTY,
    translateTime: 'HH:MM:ss.l',
    ignore: 'pid,hostname,name',
    singleLine: true,
    sync: true,
  });
}
