/** Brings one file from the source into every answer, version after version: fetch, check, load, publish; or quarantine. */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Chunk } from '../activities/chunks.ts';
import type { PreparedFile } from '../activities/fetch-activities.ts';
import type { Drift } from '../warehouse/drift.ts';
import type { FileRecord } from '../warehouse/files.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { chunkActivities, lakeActivities, loadActivities, sourceActivities } from './activity-options.ts';
import { eachLimited } from './each-limited.ts';
import { textField } from './message-fields.ts';
import {
  fileSettled,
  loadSettled,
  newVersion,
  progress,
  publish,
  PUBLISHER_ID,
  watcherId,
  type IngestProgress,
  type LoadSettled,
} from './messages.ts';
import {
  stageRecorder,
  type EndOfVersion,
  type Ending,
  type IngestResult,
  type StageRecorder,
} from './stage-recorder.ts';

export interface IngestFileInput {
  source: string;
  filename: string;
  /** As the listing showed it. */
  hint: string;
  /** Load the version that the lake holds, without a word to the source. */
  fromLake: boolean;
  /** When a poll found it, in milliseconds since 1970. Absent from what older watchers started. */
  seenAtMs?: number;
}

/** Chunks of one file that are fetched at the same time. */
const PARALLEL_CHUNKS = 8;
const PARALLEL_CHUNKS_BEFORE = 4;
/** A file that is another one each time is not tried more often than this. */
const MOST_RESTARTS = 5;

export async function ingestFile(input: IngestFileInput): Promise<IngestResult> {
  const { source, filename } = input;
  const at: IngestProgress = { stage: 'DISCOVERED', version: null, chunks: 0, chunksDone: 0, bytesDone: 0 };
  const seen: { newer?: string | undefined; atMs: number } = {
    atMs: input.seenAtMs ?? workflowInfo().startTime.getTime(),
  };
  const settled = new Map<string, LoadSettled>();
  setHandler(progress, () => at);
  setHandler(newVersion, (message) => {
    seen.newer = textField(message, 'version');
    seen.atMs = Date.now();
  });
  setHandler(loadSettled, (message) => {
    const loadId = textField(message, 'loadId');
    if (loadId !== undefined) settled.set(loadId, message);
  });

  const record = stageRecorder(input, at);
  const settlement = async (load: VerifiedLoad): Promise<LoadSettled> => {
    await getExternalWorkflowHandle(PUBLISHER_ID).signal(publish, {
      load,
      replyTo: workflowInfo().workflowId,
    });
    await condition(() => settled.has(load.loadId));
    return settled.get(load.loadId) ?? { loadId: load.loadId, sequence: null };
  };

  let { fromLake } = input;
  let inOneStream = false;
  let last: EndOfVersion = { outcome: 'ended' };
  for (let restarts = 0; restarts < MOST_RESTARTS; restarts += 1) {
    delete seen.newer;
    last = await ingestVersion({ source, filename, fromLake, inOneStream, at, record, settlement });
    if (last.ending?.dataVersion !== undefined)
      logPublished({ filename, seenAtMs: seen.atMs, ...last.ending });
    // A signal may tell of the very version that was just ingested.
    if (last.outcome === 'ended' && (seen.newer === undefined || seen.newer === at.version)) break;
    inOneStream = last.outcome === 'unranged';
    fromLake = false;
  }
  if (last.outcome === 'changed' && last.prepared !== undefined && patched('quarantines-unstable')) {
    const message = `another version each of the ${MOST_RESTARTS} times that it was fetched`;
    last = await record.quarantine(last.prepared, { code: 'UNSTABLE', message }, {});
  }
  try {
    await getExternalWorkflowHandle(watcherId(source)).signal(fileSettled, { filename });
  } catch {
    log.info('no watcher waits for this file');
  }
  return { ...at, ...last.ending };
}

function logPublished({
  filename,
  seenAtMs,
  ...ending
}: { filename: string; seenAtMs: number } & Ending): void {
  const { dataVersion, trips, rejected } = ending;
  const secondsSinceSeen = Math.round((Date.now() - seenAtMs) / 100) / 10;
  log.info('published', { file: filename, trips, rejected, secondsSinceSeen, dataVersion });
}

async function ingestVersion({
  source,
  filename,
  fromLake,
  inOneStream,
  at,
  record,
  settlement,
}: {
  source: string;
  filename: string;
  fromLake: boolean;
  inOneStream: boolean;
  at: IngestProgress;
  record: StageRecorder;
  settlement: (load: VerifiedLoad) => Promise<LoadSettled>;
}): Promise<EndOfVersion> {
  let prepared: PreparedFile | undefined;
  /** What is known of the file so far, for its record. */
  let known: Partial<FileRecord> = {};
  try {
    prepared = await sourceActivities.prepareFile({
      source,
      filename,
      fromLake,
      ...(inOneStream ? { inOneStream } : {}),
    });
    const { file, lakeKey, month } = prepared;
    Object.assign(at, { version: file.version, chunks: prepared.chunks.length, chunksDone: 0, bytesDone: 0 });
    if (prepared.refusal !== null) return await record.quarantine(prepared, prepared.refusal, known);
    await record.stage('FETCHING', prepared, known);
    const judged = await fetchWhole(prepared, at);
    if ('refusal' in judged)
      return await record.quarantine(prepared, judged.refusal, { drift: judged.drift });
    known = { notes: judged.notes, drift: judged.drift, lakeKey };

    await record.stage('LOADING', prepared, known);
    for (;;) {
      const { sizeBytes, version } = file;
      const loaded = await loadActivities.loadIntoWarehouse({
        source,
        filename,
        version,
        month,
        lakeKey,
        sizeBytes,
      });
      if ('refusal' in loaded) return await record.quarantine(prepared, loaded.refusal, known);
      const { load } = loaded;
      // Absent in older histories.
      const { notes = [], drift = [] } = loaded as Partial<typeof loaded>;
      const { sequence, duplicate } = await settlement(load);
      if (duplicate !== undefined)
        return await record.quarantine(prepared, { code: 'DUPLICATE', message: duplicate }, known);
      if (sequence === null) {
        log.warn('the load was not whole when it was to be published: loading again', {
          loadId: load.loadId,
        });
        continue;
      }
      await record.stage('PUBLISHED', prepared, {
        ...known,
        ...load,
        notes: [...(known.notes ?? []), ...notes],
        drift: [...(known.drift ?? []), ...drift],
      });
      return {
        outcome: 'ended',
        ending: { dataVersion: sequence, trips: load.rows, rejected: load.rejected },
      };
    }
  } catch (error) {
    const failure = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(failure instanceof ApplicationFailure)) throw error;
    if (failure.type === 'SourceChanged') return { outcome: 'changed', prepared };
    if (failure.type === 'LakeLost') return { outcome: 'changed' };
    if (failure.type === 'SourceUnranged') return { outcome: 'unranged' };
    if (failure.type === 'SourceAbsent') return { outcome: 'ended' };
    const unreadable = ['FileUnreadable', 'SourceBroken', 'ResultTooLarge'];
    if (prepared !== undefined && unreadable.includes(failure.type ?? '')) {
      return record.quarantine(prepared, { code: 'UNREADABLE', message: failure.message }, known);
    }
    throw error;
  }
}

/** The tail first: a file that is not for us costs one chunk. */
async function fetchWhole(
  { file, lakeKey, month, uploadId, chunks }: PreparedFile,
  at: IngestProgress,
): Promise<{ refusal: Refusal; drift: Drift[] } | { notes: string[]; drift: Drift[] }> {
  const { sizeBytes } = file;
  const fetch = async (chunk: Chunk, readable = false): Promise<void> => {
    const bytes = await chunkActivities(chunk).fetchChunk({ file, lakeKey, uploadId, chunk, readable });
    at.bytesDone += bytes;
    at.chunksDone += 1;
  };
  const rest = [...chunks];
  for (let needFrom = sizeBytes; ;) {
    let fetchedFrom = rest.at(-1)?.chunkEnd ?? 0;
    while (rest.length > 0 && fetchedFrom >= needFrom) {
      const chunk = rest.pop();
      if (chunk === undefined) break;
      await fetch(chunk, true);
      fetchedFrom = chunk.chunkStart;
    }
    const judged = await lakeActivities.checkFooter({ lakeKey, sizeBytes, fetchedFrom, month });
    if ('refusal' in judged) return judged;
    if ('notes' in judged) {
      // Chunks of the version of before may not be under way any more when the next one's begin: they have the same ids.
      await eachLimited(
        rest,
        patched('eight-chunks') ? PARALLEL_CHUNKS : PARALLEL_CHUNKS_BEFORE,
        (chunk) => fetch(chunk),
        () => patched('chunks-settle'),
      );
      await lakeActivities.assembleFile({ lakeKey, uploadId, sizeBytes });
      if (fetchedFrom === 0) return judged;
      // Only the whole file shows its first bytes.
      const whole = await lakeActivities.checkFooter({ lakeKey, sizeBytes, fetchedFrom: 0, month });
      return 'needFrom' in whole ? judged : whole;
    }
    ({ needFrom } = judged);
  }
}
