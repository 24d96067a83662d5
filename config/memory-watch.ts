/**
 * Ends this process by SIGKILL when it takes more memory than it may. The engine bounds its statements itself, but counts not all that it allocates; and
 * a process that is ended is started again, while a machine without memory stands still.
 */
import { Worker } from 'node:worker_threads';

const SLOTS = 64;
const SLOT_BYTES = 256;

export interface MemoryWatch {
  /**
   * Notes what begins now, to be told in the last words.
   * @returns takes it back, when that is over
   */
  note(text: string): () => void;
}

/**
 * @param limitBytes of resident memory
 * @param fd where the last words go
 * @param lastWords a line; `{MB}` becomes what the process takes, `{running}` what was noted
 */
export function watchMemory({
  limitBytes,
  fd = 2,
  lastWords,
}: {
  limitBytes: number;
  fd?: number;
  lastWords: string;
}): MemoryWatch {
  const slots = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  const texts = new Uint8Array(slots);
  const underWay = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(underWay);
  const thread = new Worker(new URL('./memory-watch-thread.mjs', import.meta.url), {
    workerData: { limitBytes, fd, lastWords, slots, slotBytes: SLOT_BYTES, underWay },
    // Without a loader of its own: it is plain JavaScript.
    execArgv: [],
  });
  thread.unref();
  const free = Array.from({ length: SLOTS }, (_, slot) => slot);
  const encoder = new TextEncoder();
  const end = (): void => void Atomics.sub(count, 0, 1);
  return {
    note(text) {
      Atomics.add(count, 0, 1);
      Atomics.notify(count, 0);
      const slot = free.pop();
      if (slot === undefined) return end;
      const start = slot * SLOT_BYTES;
      encoder.encodeInto(text, texts.subarray(start, start + SLOT_BYTES));
      return () => {
        texts.fill(0, start, start + SLOT_BYTES);
        free.push(slot);
        end();
      };
    },
  };
}
