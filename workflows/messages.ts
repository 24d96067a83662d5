/** Everything that workflows are told and asked: signals, queries, and the shapes that travel in them. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Difference } from '../activities/file-differences.ts';
import type { IgnoredFiles } from '../sources/ignored-files.ts';
import type { FileStage } from '../warehouse/files.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import type { OriginLimits, OriginReport, OriginState } from './origin-state.ts';

export const watcherId = (source: string): string => `source:${source}`;
export const ingestId = (source: string, filename: string): string => `ingest:${source}:${filename}`;
export const PUBLISHER_ID = 'publisher';
export const SWEEP_ID = 'sweep';

// watchSource

/** Looks again at the files of these months, both included; `force` loads them anew from the lake. */
export interface BackfillRequest {
  from: string;
  to: string;
  force?: boolean;
  /** To find it in the status again; one is made up where it is missing. */
  id?: string;
}
export const backfill = defineSignal<[BackfillRequest]>('backfill');
/** No new polls and no new ingestions; what runs goes on to its end. */
export const pause = defineSignal('pause');
export const resume = defineSignal('resume');
/** A file was seen: poll now instead of at the next tick. */
export const fileArrived = defineSignal<[{ filename: string }]>('fileArrived');
/** From a worker that watches the source: something changed there. Poll now. */
export const sourceChanged = defineSignal('sourceChanged');
/** From ingestFile to its watcher: it has ended. */
export const fileSettled = defineSignal<[{ filename: string }]>('fileSettled');

/** Quarantined and held-back files are ingested again: all of them unless some are named. */
export interface RetryRequest {
  filenames?: string[];
}
export interface RetryAnswer {
  retrying: string[];
  /** Quarantined files beyond those: ask again. */
  remaining: number;
}
/** Fails with `NotFound` for a file that is not known, with `Conflict` for one that is not quarantined. */
export const retryQuarantined = defineUpdate<RetryAnswer, [RetryRequest | undefined]>('retryQuarantined');

/**
 * The file goes back to the load that was live before; its version is held back until the source changes or a retry. One that was withdrawn comes back,
 * loaded from the lake where its load is not kept any more.
 */
export interface RollbackRequest {
  filename: string;
}
export interface RollbackAnswer {
  filename: string;
  /** The sequence under which the older load was published. */
  sequence: number;
  /** Live now. */
  version: string;
  /** Held back now; null when the older load is of the same version, or when nothing was live. */
  heldBack: string | null;
}
/** Fails with `NotFound` for a file that is not known, with `Conflict` when nothing older is kept or it is being ingested. */
export const rollback = defineUpdate<RollbackAnswer, [RollbackRequest]>('rollback');
/** From the publisher to a watcher: what became of a rollback. */
export const rollbackSettled = defineSignal<[RollbackSettled]>('rollbackSettled');

/** The trips of the file leave every answer. Its version is left out until the source changes, `accept` or a rollback. */
export interface WithdrawRequest {
  filename: string;
}
export interface WithdrawAnswer {
  filename: string;
  sequence: number;
  /** That was live. */
  version: string;
}
/** Fails with `NotFound` for a file that is not known, with `Conflict` when nothing of it is counted or it is being ingested. */
export const withdraw = defineUpdate<WithdrawAnswer, [WithdrawRequest]>('withdraw');
/** From the publisher to a watcher: what became of a withdrawal. */
export const withdrawalSettled = defineSignal<[WithdrawalSettled]>('withdrawalSettled');

/** The version of the file that a judgement or an operator holds back is ingested, and counted. */
export interface AcceptRequest {
  filename: string;
}
export interface AcceptAnswer {
  filename: string;
  /** That is being ingested now. */
  version: string;
}
/** Fails with `NotFound` for a file that is not known, with `Conflict` when nothing of it can be accepted or it is being ingested. */
export const accept = defineUpdate<AcceptAnswer, [AcceptRequest]>('accept');

export interface BackfillProgress {
  id: string;
  from: string;
  to: string;
  force: boolean;
  /** Files that it found to be ingested, so far. */
  found: number;
  /** Of those, how many wait or are being ingested. */
  remaining: number;
  /** It has seen all files of its months. */
  looked: boolean;
}

export interface WatcherStatus {
  source: string;
  paused: boolean;
  /** Milliseconds since 1970; null before the first poll ended. */
  lastPollAtMs: number | null;
  /** Null while paused or polling. */
  nextPollAtMs: number | null;
  /** What went wrong with the last poll. */
  problem: string | null;
  /** Files being ingested now. */
  inFlight: string[];
  /** Files that wait for a place in the window. */
  waiting: number;
  /** Signals of the last hour that could not be understood, newest last, at most 20. */
  mistakes: string[];
  /** The last ones that were asked for, newest last. */
  backfills: BackfillProgress[];
  /** What lies at the source and is not taken, by its kind. */
  ignored: IgnoredFiles[];
}
export const status = defineQuery<WatcherStatus>('status');

// ingestFile

/** The source holds another version of the file than the one being ingested. */
export const newVersion = defineSignal<[{ version: string | null }]>('newVersion');
/** From the publisher: what became of a load. */
export const loadSettled = defineSignal<[LoadSettled]>('loadSettled');
export interface LoadSettled {
  loadId: string;
  /** Null when it was not published. */
  sequence: number | null;
  /** Why not, where its bytes are counted (or were taken out) under another name. */
  duplicate?: string;
}

export interface IngestProgress {
  stage: FileStage;
  version: string | null;
  chunks: number;
  chunksDone: number;
  bytesDone: number;
}
export const progress = defineQuery<IngestProgress>('progress');

// publisher

export interface PublishRequest {
  load: VerifiedLoad;
  /** Workflow that is told by `loadSettled`. */
  replyTo: string;
}
export const publish = defineSignal<[PublishRequest]>('publish');

/** A request about one file, answered by a signal that names the request. */
export interface PublisherRequest {
  source: string;
  filename: string;
  requestId: string;
  /** Workflow that is told what came of it: by `rollbackSettled` or `withdrawalSettled`. */
  replyTo: string;
}
/** Asks for the load that was live before the one that is live now. */
export const rollbackLoad = defineSignal<[PublisherRequest]>('rollbackLoad');
export type RollbackSettled = { requestId: string } & (
  | { outcome: 'published'; sequence: number; from: LoadOfVersion | null; to: LoadOfVersion }
  /** Its load is not kept any more. */
  | { outcome: 'reload'; version: string }
  | { outcome: 'NotFound' | 'Conflict'; message: string }
);

/** Asks for the file to be taken out. */
export const withdrawFile = defineSignal<[PublisherRequest]>('withdrawFile');
export type WithdrawalSettled = { requestId: string } & (
  | { outcome: 'published'; sequence: number; from: LoadOfVersion }
  | { outcome: 'NotFound' | 'Conflict'; message: string }
);
export interface LoadOfVersion {
  loadId: string;
  version: string;
}

/**
 * From the sweep: it wants to remove these loads. Answers those that nobody waits to publish, and none of them is ever
 * published afterwards.
 */
export const releaseLoads = defineUpdate<string[], [{ loadIds: string[] }]>('releaseLoads');

export interface PublisherStatus {
  /** Highest sequence that was published; null before the log was read. */
  lastSequence: number | null;
  /** Load ids that wait. */
  waiting: string[];
}
export const publisherStatus = defineQuery<PublisherStatus>('publisherStatus');

// originGovernor

export const governorId = (host: string): string => `origin:${host}`;
/** What a worker has seen of the host since its last report. */
export const originReport = defineSignal<[OriginReport]>('originReport');

export interface OriginView extends Pick<
  OriginState,
  'limit' | 'limits' | 'breaker' | 'openUntilMs' | 'probe' | 'outcomes' | 'opened'
> {
  /** Requests under way, of all workers, by their last reports. */
  inFlight: number;
  /** Requests that each worker may have under way, by worker id. */
  shares: Record<string, number>;
}
export const originView = defineQuery<OriginView>('originView');
/** Refused unless 1 ≤ minConcurrent ≤ maxConcurrent; what is left out stays. Answers the limits now. */
export const setLimits = defineUpdate<OriginLimits, [Partial<OriginLimits>]>('setLimits');

// reconcile

export interface ReportedDifference extends Difference {
  repaired: boolean;
}
export interface ReconcileReport {
  checkedFiles: number;
  differences: ReportedDifference[];
  /** Differences beyond those. */
  omitted: number;
}
/** What was found so far. */
export const reconcileProgress = defineQuery<ReconcileReport>('reconcileProgress');
