/**
 * Loads a version of a file anew from the lake and publishes it in the place of the load that is live: for a load whose rows were
 * damaged. It runs under the id of the file's ingestion, so that the two never overtake each other.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LoadInput } from '../activities/load-activities.ts';
import type { FileRecord } from '../warehouse/files.ts';
import { loadActivities, warehouseActivities } from './activity-options.ts';
import { textField } from './message-fields.ts';
import {
  fileSettled,
  loadSettled,
  newVersion,
  publish,
  PUBLISHER_ID,
  watcherId,
  type LoadSettled,
} from './messages.ts';

export interface ReloadFileInput extends LoadInput {
  /** What `files` says of that version, to be brought up to date; null when another version is its newest. */
  record: FileRecord | null;
}

/** What `files` says of a version once this load of it is published. */
export function asPublished(
  record: FileRecord,
  { rows, rejected, loadId, lakeKey }: Pick<FileRecord, 'rows' | 'rejected' | 'loadId' | 'lakeKey'>,
): FileRecord {
  return {
    ...record,
    stage: 'PUBLISHED',
    reason: '',
    rows,
    rejected,
    loadId,
    lakeKey,
    updatedAtMs: Date.now(),
  };
}

/** Loads that are swept or damaged between their proof and their publication: not for ever. */
const MOST_LOADS = 3;

export interface ReloadFileResult {
  /** Why it could not be done; null when it was. */
  failure: string | null;
  /** What is live now. */
  loaded?: { sequence: number; loadId: string };
}

export async function reloadFile(input: ReloadFileInput): Promise<ReloadFileResult> {
  const { source, filename, version, month, lakeKey, sizeBytes, record } = input;
  const settled = new Map<string, LoadSettled>();
  setHandler(loadSettled, (message) => {
    const loadId = textField(message, 'loadId');
    if (loadId !== undefined) settled.set(loadId, message);
  });
  // The next poll finds it.
  setHandler(newVersion, () => undefined);

  const reload = async (): Promise<ReloadFileResult> => {
    for (let loads = 0; loads < MOST_LOADS; loads += 1) {
      const request = { source, filename, version, month, lakeKey, sizeBytes };
      const loaded = await loadActivities.loadIntoWarehouse(request);
      if ('refusal' in loaded) return { failure: `${loaded.refusal.code}: ${loaded.refusal.message}` };
      const { load } = loaded;
      const replyTo = workflowInfo().workflowId;
      await getExternalWorkflowHandle(PUBLISHER_ID).signal(publish, { load, replyTo });
      await condition(() => settled.has(load.loadId));
      const { sequence = null, duplicate } = settled.get(load.loadId) ?? {};
      if (duplicate !== undefined) return { failure: `DUPLICATE: ${duplicate}` };
      if (sequence === null) continue;
      if (record !== null) {
        await warehouseActivities.recordStage(asPublished(record, { ...load, lakeKey }));
      }
      const { rows: trips, rejected, loadId } = load;
      log.info('published again, from the lake', { file: filename, trips, rejected, dataVersion: sequence });
      return { failure: null, loaded: { sequence, loadId } };
    }
    return { failure: `${MOST_LOADS} loads were not whole when they were to be published` };
  };

  let result: ReloadFileResult;
  try {
    result = await reload();
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure)) throw error;
    result = { failure: cause.message };
  }
  try {
    await getExternalWorkflowHandle(watcherId(source)).signal(fileSettled, { filename });
  } catch {
    // No watcher waits for it.
  }
  return result;
}
