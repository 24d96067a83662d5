/**
 * The newest sequence that any process of this gateway has answered from, in a small file that all of them map to memory's page cache: a read costs a
 * microsecond. A client whose next connection another process takes is thereby never shown older data.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

export interface NewestSequence {
  /** 0 when there is none. */
  read(): number;
  /** Before the first answer from it. */
  announce(sequence: number): void;
  close(): void;
}

/** A gateway of one process needs to tell nobody. */
export const ALONE: NewestSequence = { read: () => 0, announce: () => undefined, close: () => undefined };

const SLOT_BYTES = 8;

/**
 * @param path of a file that is there
 * @param slot of this process, from 0: each writes where no other does, so that nobody's is lowered
 * @param slots how many there are
 */
export function openNewestSequence({
  path,
  slot,
  slots,
}: {
  path: string;
  slot: number;
  slots: number;
}): NewestSequence {
  const file = openSync(path, 'r+');
  const all = Buffer.alloc(slots * SLOT_BYTES);
  const own = Buffer.alloc(SLOT_BYTES);
  return {
    read() {
      readSync(file, all, 0, all.length, 0);
      let newest = 0;
      for (let at = 0; at < all.length; at += SLOT_BYTES) newest = Math.max(newest, all.readDoubleLE(at));
      return newest;
    },
    announce(sequence) {
      own.writeDoubleLE(sequence);
      writeSync(file, own, 0, SLOT_BYTES, slot * SLOT_BYTES);
    },
    close: () => closeSync(file),
  };
}
