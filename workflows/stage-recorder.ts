/** What becomes of each version of a file that is ingested, written down where people look. */
import { log, patched, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { PreparedFile } from '../activities/fetch-activities.ts';
import type { FileRecord, FileStage } from '../warehouse/files.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { warehouseActivities } from './activity-options.ts';
import type { IngestProgress } from './messages.ts';

/** What became of the last version, as Temporal's UI shows it. */
export interface IngestResult extends IngestProgress {
  /** Why it is not counted, where it is quarantined. */
  reason?: string;
  /** The sequence under which it was published: the data version since. */
  dataVersion?: number;
  trips?: number;
  /** Rows that are no trips. */
  rejected?: number;
}
export type Ending = Pick<IngestResult, 'reason' | 'dataVersion' | 'trips' | 'rejected'>;

export interface EndOfVersion {
  outcome: VersionOutcome;
  prepared?: PreparedFile | undefined;
  ending?: Ending;
}

/** `changed`: the source holds another version by now, start again with it. `unranged`: start again in one stream. */
export type VersionOutcome = 'ended' | 'changed' | 'unranged';

export interface StageRecorder {
  stage(stage: FileStage, prepared: PreparedFile, known: Partial<FileRecord>): Promise<void>;
  quarantine(prepared: PreparedFile, refusal: Refusal, known: Partial<FileRecord>): Promise<EndOfVersion>;
}

/** In a memo, which every listing of workflows brings along. */
const LONGEST_REASON = 1_000;

/** Stage changes go to `files` (for good), to the search attributes (for Temporal's UI) and to the progress query. */
export function stageRecorder(
  { source, filename, hint }: { source: string; filename: string; hint: string },
  at: IngestProgress,
): StageRecorder {
  let isExplained = false;
  /** What the UI shows beside the workflow, which is completed whatever became of the file. */
  const explain = (reason: string | null): void => {
    if (!patched('explains-quarantine')) return;
    upsertMemo({ quarantined: reason });
    isExplained = reason !== null;
  };
  const stage: StageRecorder['stage'] = async (name, { file, month, chunks }, known) => {
    at.stage = name;
    if (isExplained) explain(null);
    upsertSearchAttributes({
      Source: [source],
      Stage: [name],
      ...(month === '' ? {} : { FileMonth: [month] }),
      ...(typeof known.rows === 'number' ? { RowsLoaded: [known.rows] } : {}),
    });
    await warehouseActivities.recordStage({
      source,
      filename,
      version: file.version,
      month,
      stage: name,
      reason: known.reason ?? '',
      notes: known.notes ?? [],
      drift: known.drift ?? [],
      hint,
      sizeBytes: file.sizeBytes,
      chunks: chunks.length,
      rows: known.rows ?? null,
      rejected: known.rejected ?? null,
      loadId: known.loadId ?? null,
      lakeKey: known.lakeKey ?? '',
      updatedAtMs: Date.now(),
    });
  };
  return {
    stage,
    async quarantine(prepared, { code, message }, known) {
      log.warn('quarantined', { file: filename, code, message });
      const reason = `${code}: ${message}`;
      await stage('QUARANTINED', prepared, { ...known, reason });
      explain(reason.slice(0, LONGEST_REASON));
      return { outcome: 'ended', ending: { reason } };
    },
  };
}
