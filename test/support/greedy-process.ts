/** Takes more and more memory, and never gives the main thread's event loop a turn. */
import { setTimeout as pause } from 'node:timers/promises';
import { watchMemory } from '../../config/memory-watch.ts';

const watch = watchMemory({ limitBytes: 300 * 2 ** 20, fd: 1, lastWords: 'takes {MB} MB over: {running}' });
watch.note('SELECT one')();
watch.note('INSERT $& two');
await pause(500);
const kept: Buffer[] = [];
while (kept.length < 2_000) {
  kept.push(Buffer.alloc(2 ** 20, 1));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}
