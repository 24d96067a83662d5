/** The thread of memory-watch.ts. It needs nothing of the main thread, which may be busy while memory runs out. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** An engine has been seen to take one GB in a second: 50 MB in this time. */
const LOOK_EVERY_MS = 50;
/** While nothing is going on; the main thread wakes this one when something begins. */
const REST_LOOK_EVERY_MS = 500;

const { limitBytes, fd, lastWords, slots, slotBytes, underWay } = workerData;
const texts = new Uint8Array(slots);
/** How much is going on. */
const count = new Int32Array(underWay);
/** Nobody wakes who waits at this one. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

/** What was going on, as the main thread wrote it down. */
function running() {
  const found = [];
  for (let start = 0; start < texts.length; start += slotBytes) {
    const slot = texts.slice(start, start + slotBytes);
    const end = slot.indexOf(0);
    const text = new TextDecoder().decode(end === -1 ? slot : slot.subarray(0, end));
    if (text !== '') found.push(text);
  }
  return found;
}

function look() {
  const residentBytes = process.memoryUsage.rss();
  if (residentBytes <= limitBytes) return;
  const takes = Math.round(residentBytes / 2 ** 20);
  try {
    const words = lastWords
      .replace('{MB}', () => String(takes))
      .replace('{running}', () => running().join('; ') || 'nothing');
    writeSync(fd, `${words}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

for (;;) {
  look();
  Atomics.wait(count, 0, 0, REST_LOOK_EVERY_MS);
  if (Atomics.load(count, 0) > 0) Atomics.wait(nobody, 0, 0, LOOK_EVERY_MS);
}
