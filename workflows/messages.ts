/** Everything that workflows are told and asked: signals, queries, and the shapes that travel in them. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { FileStage } from '../warehouse/files.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';

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
}
export const backfill = defineSignal<[BackfillRequest]>('backfill');
/** No new polls and no new ingestions; what runs goes on to its end. */
export const pause = defineSignal('pause');
export const resume = defineSignal('resume');
/** A file was seen: poll now instead of at the next tick. */
export const fileArrived = defineSignal<[{ filename: string }]>('fileArrived');
/** From ingestFile to its watcher: it has ended. */
export const fileSettled = defineSignal<[{ filename: string }]>('fileSettled');

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
  /** Signals that could not be understood, newest last, at most 20. */
  mistakes: string[];
}
export const status = defineQuery<WatcherStatus>('status');

// ingestFile

/** The source holds another version of the file than the one being ingested. */
export const newVersion = defineSignal<[{ version: string | null }]>('newVersion');
/** From the publisher: what became of a load. */
export const loadSettled = defineSignal<[{ loadId: string; sequence: number | null }]>('loadSettled');

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

export interface PublisherStatus {
  /** Highest sequence that was published; null before the log was read. */
  lastSequence: number | null;
  /** Load ids that wait. */
  waiting: string[];
}
export const publisherStatus = defineQuery<PublisherStatus>('publisherStatus');
