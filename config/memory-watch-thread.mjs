/** The thread of memory-watch.ts. It needs nothing of the main thread, which may be busy while memory runs out. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** An engine has been seen to take one GB in a second: 50 MB in this time. */
const LOOK_EVERY_MS = 50;

const { limitBytes, fd, lastWords, slots, slotBytes } = workerData;
const texts = new Uint8Array(slots);

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

setInterval(() => {
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
}, LOOK_EVERY_MS);
