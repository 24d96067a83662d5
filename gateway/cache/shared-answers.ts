/**
 * Answers that cost SQL, in Redis for all gateways, each computed by one of them at a time. Without Redis each gateway computes its own. What lies
 * there is sealed: who can write to Redis, and is no gateway of this deployment, can have answers computed again, and no other ones given.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';
import type { LiveLoads } from '../live-loads.ts';
import type { RedisStore } from '../redis/redis-store.ts';
import { keepAnswer, type KeptAnswer } from './kept-answer.ts';
import type { Read } from './reads.ts';
import type { Seal } from './seal.ts';

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

export interface SharedAnswers {
  /**
   * What Redis holds and is current, or what another gateway is just computing, or else what `compute` gives.
   * @param question.deadlineMs milliseconds that are left; when they are over, it computes: that says what is to be said
   */
  once<Found extends { kept?: KeptAnswer | undefined }>(question: {
    key: string;
    isCurrent: (answer: KeptAnswer) => Promise<boolean>;
    compute: () => Promise<Found>;
    allGone: () => AbortSignal;
    deadlineMs: () => number;
  }): Promise<Found | { kept: KeptAnswer; outcome: 'shared' }>;
}

/** Nothing expires for being old; this keeps a Redis without eviction from filling up with questions that nobody asks any more. */
const KEPT_SECONDS = 7 * 86_400;
/** A gateway that dies while it computes holds up the others for so long. */
const LOCK_MS = 2_000;
const RENEW_MS = 500;
/** How soon another's answer is looked for, at first and at most. */
const LOOK_AGAIN_MS = { first: 10, most: 100 } as const;
const COMPRESSED_FROM_BYTES = 1_024;
const MOST_BYTES = 4 << 20;
const FORMAT = 1;
/** Another gateway was quicker to take the lock, and let it go without an answer: so often, before it is computed without. */
const MOST_LOST = 10;

/** Deletes, or makes last longer, only what is still one's own. */
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;
const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0`;

interface Envelope {
  format: number;
  reads: Read[];
  sequence: number;
  isCompressed: boolean;
}

export function createSharedAnswers({
  store,
  seal,
  liveLoads,
  namespace,
}: {
  store: RedisStore;
  seal: Seal;
  liveLoads: LiveLoads;
  namespace: string;
}): SharedAnswers {
  /** JSON and a line feed, then the body; sealed. */
  async function pack(place: string, { body, reads, sequence }: KeptAnswer): Promise<Buffer> {
    const isCompressed = body.length >= COMPRESSED_FROM_BYTES;
    const envelope: Envelope = { format: FORMAT, reads: [...reads], sequence, isCompressed };
    const content = [Buffer.from(`${JSON.stringify(envelope)}\n`), isCompressed ? await gzip(body) : body];
    return seal.close(place, Buffer.concat(content));
  }

  /** Undefined for what was not written there by this format's gateways. */
  async function unpack(
    { place, question }: { place: string; question: string },
    sealed: Buffer | null | undefined,
  ): Promise<KeptAnswer | undefined> {
    const snapshot = liveLoads.current();
    if (sealed === null || sealed === undefined || snapshot === undefined) return undefined;
    const packed = seal.open(place, sealed);
    if (packed === undefined) return undefined;
    try {
      const end = packed.indexOf('\n');
      const envelope = JSON.parse(packed.subarray(0, end).toString()) as Envelope;
      if (envelope.format !== FORMAT) return undefined;
      // A copy: what came is a piece of a larger one, all of which it would keep.
      const rest = Buffer.from(packed.subarray(end + 1));
      const gzipped = envelope.isCompressed ? rest : undefined;
      const body = gzipped === undefined ? rest : await gunzip(gzipped, { maxOutputLength: MOST_BYTES });
      const { reads, sequence } = envelope;
      return { ...keepAnswer({ question, namespace, body, gzipped, reads, snapshot }), sequence };
    } catch {
      return undefined;
    }
  }

  async function whileLocked<Value>(lock: string, taken: Buffer, work: () => Promise<Value>): Promise<Value> {
    let held = taken;
    let renewing: Promise<void> = Promise.resolve();
    async function renew(): Promise<void> {
      const next = seal.stamp(lock);
      if ((await store.run((redis) => redis.eval(RENEW, 1, lock, held, next, LOCK_MS))) === 1) held = next;
    }
    const renewal = setInterval(() => {
      renewing = renewing.then(renew);
    }, RENEW_MS);
    try {
      return await work();
    } finally {
      clearInterval(renewal);
      await renewing;
      await store.run((redis) => redis.eval(RELEASE, 1, lock, held));
    }
  }

  return {
    async once({ key, isCurrent, compute, allGone, deadlineMs }) {
      const snapshot = liveLoads.current();
      if (snapshot === undefined || store.client === undefined) return compute();
      const name = seal.nameOf([namespace, snapshot.logId, key].join('\n'));
      const place = `tripline:2:answer:${name}`;
      const lock = `tripline:2:computing:${name}`;
      const current = async (packed: Buffer | null | undefined): Promise<KeptAnswer | undefined> => {
        const answer = await unpack({ place, question: key }, packed);
        return answer !== undefined && (await isCurrent(answer)) ? answer : undefined;
      };
      let lost = 0;
      for (let wait: number = LOOK_AGAIN_MS.first; ; wait = Math.min(LOOK_AGAIN_MS.most, wait * 1.5)) {
        const found = await store.run((redis) => redis.mgetBuffer(place, lock));
        if (found === undefined) return compute();
        const [packed, holder] = found;
        const answer = await current(packed);
        if (answer !== undefined) return { kept: answer, outcome: 'shared' };
        if (holder === null || holder === undefined) {
          const held = seal.stamp(lock);
          const taken = await store.run((redis) => redis.set(lock, held, 'PX', LOCK_MS, 'NX'));
          if (taken === undefined) return compute();
          if (taken === 'OK')
            return whileLocked(lock, held, async () => {
              // Another may have computed it, and let go of the lock, since we looked.
              const late = await current(await store.run((redis) => redis.getBuffer(place)));
              if (late !== undefined) return { kept: late, outcome: 'shared' };
              const computed = await compute();
              if (computed.kept !== undefined && computed.kept.body.length <= MOST_BYTES) {
                const value = await pack(place, computed.kept);
                await store.run((redis) => redis.set(place, value, 'EX', KEPT_SECONDS));
              }
              return computed;
            });
          lost += 1;
          if (lost > MOST_LOST) return compute();
          // Nobody computes it who would be worth waiting for.
        } else if (!seal.isFresh(lock, holder, LOCK_MS)) return compute();
        if (allGone().aborted || deadlineMs() <= 0) return compute();
        await sleep(wait);
      }
    },
  };
}
