/** An answer that is kept: its bytes, what it hangs on, and its name for clients. */
import { createHash } from 'node:crypto';
import type { Snapshot } from '../load-log.ts';
import { newestVersion, type Read } from './reads.ts';

export interface KeptAnswer {
  /** JSON. */
  body: Buffer;
  /** The same, compressed: begun when somebody wants it first, once for all. */
  gzipped: Buffer | Promise<Buffer> | undefined;
  reads: readonly Read[];
  /** The sequence of the newest snapshot that it was computed from. */
  sequence: number;
  /**
   * Weak, as two computations of one answer differ in `explain`, and encodings in all bytes. It names question, data, code and warehouse: equal ones
   * are the same answer, at whichever gateway.
   */
  etag: string;
  dataVersion: number;
  /** The newest snapshot of which it was found to be the answer. */
  currentAt: Snapshot | undefined;
  /** Heads of responses, made by the writer when they are first needed. */
  heads: string[][];
}

/**
 * @param question which names it uniquely within one schema
 * @param namespace the code, with its schema
 */
export function keepAnswer({
  question,
  namespace,
  body,
  gzipped,
  reads,
  snapshot,
}: {
  question: string;
  namespace: string;
  body: Buffer;
  gzipped?: Buffer | undefined;
  reads: readonly Read[];
  snapshot: Pick<Snapshot, 'logId' | 'sequence'>;
}): KeptAnswer {
  const dataVersion = newestVersion(reads);
  // The fields of one answer are computed side by side, and note what they read in any order.
  const facts = [...new Set(reads.map((read) => JSON.stringify(read)))].toSorted();
  const identity = [namespace, snapshot.logId, question, ...facts].join('\n');
  const digest = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
  return {
    body,
    gzipped,
    reads,
    sequence: snapshot.sequence,
    etag: `W/"${dataVersion}-${digest}"`,
    dataVersion,
    currentAt: undefined,
    heads: [],
  };
}
