/** What an independent reader makes of a file, however that ends. */
import { fork, type ChildProcess } from 'node:child_process';
import { programArguments } from '../../config/program/program.ts';

export type ReferenceReading =
  /** Each row that is a trip by `tripText`, in the file's order. */
  | { kind: 'read'; trips: string[] }
  | { kind: 'refused'; why: string }
  /** It ended or hung over it. */
  | { kind: 'died' };

const [program, ...args] = programArguments('test/fuzz/reference-reader-process.ts');
const DEADLINE_MS = 20_000;

export function createReferenceReader(): { read(path: string): Promise<ReferenceReading>; close(): void } {
  let child: ChildProcess | undefined;
  return {
    async read(path) {
      const running = (child ??= fork(program, args, {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      }));
      return new Promise((resolve) => {
        const settle = (reading: ReferenceReading) => {
          clearTimeout(timer);
          running.removeAllListeners();
          if (reading.kind === 'died') {
            running.kill('SIGKILL');
            child = undefined;
          }
          resolve(reading);
        };
        const timer = setTimeout(() => settle({ kind: 'died' }), DEADLINE_MS);
        running.once('message', (reading) => settle(reading as ReferenceReading));
        running.once('exit', () => settle({ kind: 'died' }));
        running.send(path);
      });
    },
    close: () => void child?.kill('SIGKILL'),
  };
}
