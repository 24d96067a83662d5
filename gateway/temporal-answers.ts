/**
 * What workflows answer, by its shape: one of an older or newer worker, or of a stranger who took the same id, may answer anything. Objects keep the
 * fields that we know, and lists are bounded.
 */
import { z } from 'zod';
import { FILE_STAGES } from '../warehouse/files.ts';
import type {
  AcceptAnswer,
  IngestProgress,
  OriginView,
  RetryAnswer,
  RollbackAnswer,
  WithdrawAnswer,
  WatcherStatus,
} from '../workflows/messages.ts';
import type { OriginLimits } from '../workflows/origin-state.ts';

/** Of another worker's, a newer kind would be none. */
const IGNORED_KINDS = ['COMPRESSED', 'OTHER_FORMAT', 'FOLDER', 'UNUSABLE_NAME'] as const;
const MOST_TEXT = 10_000;
const MOST_LISTED = 10_000;
const MOST_WORKERS = 10_000;
/** The latest moment that JavaScript knows. */
const LAST_MOMENT_MS = 8.64e15;

const text = z.string().max(MOST_TEXT);
const count = z.int().min(0);
const moment = z.number().min(-LAST_MOMENT_MS).max(LAST_MOMENT_MS);

const backfillProgress = z.object({
  id: text,
  from: text,
  to: text,
  force: z.boolean(),
  found: count,
  remaining: count,
  looked: z.boolean(),
});

export const watcherStatus: z.ZodType<WatcherStatus> = z.object({
  source: text,
  paused: z.boolean(),
  lastPollAtMs: moment.nullable(),
  nextPollAtMs: moment.nullable(),
  problem: text.nullable(),
  inFlight: z.array(text).max(MOST_LISTED),
  waiting: count,
  mistakes: z.array(text).max(MOST_LISTED),
  // An older watcher does not tell.
  backfills: z.array(backfillProgress).max(MOST_LISTED).default([]),
  ignored: z
    .array(z.object({ kind: z.enum(IGNORED_KINDS), reason: text, files: count, example: text }))
    .max(MOST_LISTED)
    .default([]),
});

export const ingestProgress: z.ZodType<IngestProgress> = z.object({
  stage: z.enum(FILE_STAGES as [WatcherStage, ...WatcherStage[]]),
  version: text.nullable(),
  chunks: count,
  chunksDone: count,
  bytesDone: count,
});
type WatcherStage = IngestProgress['stage'];

export const originLimits: z.ZodType<OriginLimits> = z.object({ minConcurrent: count, maxConcurrent: count });

export const originViewAnswer: z.ZodType<OriginView> = z.object({
  limit: count,
  limits: originLimits,
  breaker: z.enum(['closed', 'open', 'halfOpen']),
  openUntilMs: moment.nullable(),
  probe: z.object({ id: count, workerId: text, sinceMs: moment }).nullable(),
  outcomes: z.object({ good: count, throttled: count, undecided: count, failed: count }),
  opened: count,
  inFlight: count,
  shares: z
    .record(text, count)
    .refine((shares) => Object.keys(shares).length <= MOST_WORKERS, { error: 'too many workers' }),
});

export const retryAnswer: z.ZodType<RetryAnswer> = z.object({
  retrying: z.array(text).max(MOST_LISTED),
  remaining: count,
});

export const rollbackAnswer: z.ZodType<RollbackAnswer> = z.object({
  filename: text,
  sequence: count,
  version: text,
  heldBack: text.nullable(),
});

export const withdrawAnswer: z.ZodType<WithdrawAnswer> = z.object({
  filename: text,
  sequence: count,
  version: text,
});

export const acceptAnswer: z.ZodType<AcceptAnswer> = z.object({ filename: text, version: text });
