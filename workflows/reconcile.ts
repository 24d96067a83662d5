/**
 * Compares source, lake, log of publications and tables, file by file, and mends what differs when it is asked to. Started by
 * hand: `temporal workflow start --type reconcile --task-queue tripline --input '{"source": "yellow", "repair": true}'`.
 */
import {
  ApplicationFailure,
  ChildWorkflowFailure,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Difference, DifferenceKind } from '../activities/file-differences.ts';
import type { Listing } from '../activities/reconcile-activities.ts';
import { auditActivities, warehouseActivities } from './activity-options.ts';
import { ingestFile } from './ingest-file.ts';
import { ingestId, reconcileProgress, type ReconcileReport, type ReportedDifference } from './messages.ts';
import { mistakeInReconcile, type ReconcileRequest } from './reconcile-request.ts';
import { asPublished, reloadFile } from './reload-file.ts';

export interface ReconcileInput extends ReconcileRequest {
  /** Carried over from the run before. */
  state?: { after: string; report: ReconcileReport };
}

/** Differences that a report lists, and their characters: a report must fit into a payload (2 MB). */
const MOST_LISTED = 2_000;
const MOST_LISTED_CHARACTERS = 500_000;
/** The bytes are fetched again. */
const MENDED_BY_FETCH: readonly DifferenceKind[] = [
  'LAKE_MISSING',
  'LAKE_CONTENT',
  'NOT_INGESTED',
  'OTHER_VERSION_AT_SOURCE',
];
/** The raw file is loaded again. */
const MENDED_BY_LOAD: readonly DifferenceKind[] = ['TRIPS', 'REJECTED_ROWS', 'HISTOGRAMS', 'DAYS', 'PROOF'];

/**
 * @returns what differed, and what of it was mended
 * @throws ApplicationFailure `BadRequest` or `UnknownSource`, at once
 */
export async function reconcile(input: ReconcileInput): Promise<ReconcileReport> {
  const mistake = mistakeInReconcile(input);
  if (mistake !== undefined) throw ApplicationFailure.nonRetryable(mistake, 'BadRequest');
  const { source, months, repair = false } = input;
  const report: ReconcileReport = input.state?.report ?? { checkedFiles: 0, differences: [], omitted: 0 };
  setHandler(reconcileProgress, () => report);
  let listed = report.differences.reduce(
    (sum, { filename, detail }) => sum + filename.length + detail.length,
    0,
  );
  const tell = (differences: readonly ReportedDifference[]): void => {
    for (const difference of differences) {
      listed += difference.filename.length + difference.detail.length;
      const isFull = report.differences.length >= MOST_LISTED || listed > MOST_LISTED_CHARACTERS;
      if (isFull) report.omitted += 1;
      else report.differences.push(difference);
    }
  };
  const ofMonths = months === undefined ? {} : { months };

  let after = input.state?.after;
  for (;;) {
    const page = await auditActivities.auditFiles({
      source,
      ...ofMonths,
      ...(after === undefined ? {} : { after }),
    });
    for (const [filename, differences] of byFile(page.differences)) {
      tell(
        repair
          ? await repaired({ source, filename, listing: page.listings[filename] ?? null }, differences)
          : differences.map(unrepaired),
      );
    }
    report.checkedFiles += page.checked;
    if (page.last === null) break;
    after = page.last;
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof reconcile>({ source, repair, ...ofMonths, state: { after, report } });
    }
  }
  tell((await auditActivities.findOrphanLoads(ofMonths)).map(unrepaired));
  // A file's name, and so its month, cannot be told from what the lake calls it.
  if (months === undefined && patched('orphan-lake-files'))
    tell((await auditActivities.findOrphanLakeFiles()).map(unrepaired));
  return report;
}

const unrepaired = (difference: Difference): ReportedDifference => ({ ...difference, repaired: false });

function byFile(differences: readonly Difference[]): Map<string, Difference[]> {
  const files = new Map<string, Difference[]>();
  for (const difference of differences) {
    const { filename } = difference;
    files.set(filename, [...(files.get(filename) ?? []), difference]);
  }
  return files;
}

interface DifferingFile {
  source: string;
  filename: string;
  listing: Listing;
}

async function repaired(
  file: DifferingFile,
  differences: readonly Difference[],
): Promise<ReportedDifference[]> {
  const { filename, listing } = file;
  if (filename === '') return differences.map(unrepaired);
  const obstacle = await mend(file, new Set(differences.map(({ kind }) => kind)));
  const left = new Set((await auditActivities.auditFile({ filename, listing })).map(({ kind }) => kind));
  return differences.map((difference) => {
    const mended = !left.has(difference.kind);
    const why = mended || obstacle === undefined ? '' : ` (not repaired: ${obstacle})`;
    return { ...difference, detail: difference.detail + why, repaired: mended };
  });
}

/** @returns what stood in the way; undefined when nothing did */
async function mend(
  { source, filename, listing }: DifferingFile,
  kinds: ReadonlySet<DifferenceKind>,
): Promise<string | undefined> {
  const { record, live, hint, atSource } = await auditActivities.planRepair({ filename, listing });
  const workflow = {
    workflowId: ingestId(source, filename),
    parentClosePolicy: ParentClosePolicy.ABANDON,
  };
  try {
    if (MENDED_BY_FETCH.some((kind) => kinds.has(kind)) || (live === null && kinds.has('STAGE'))) {
      // What we hold of it may be worth more than nothing.
      if (!atSource) return 'the source does not hold that version any more, or it is quarantined';
      if (live !== null && kinds.has('LAKE_CONTENT'))
        await auditActivities.removeFromLake({ lakeKey: live.lakeKey });

      await executeChild(ingestFile, { ...workflow, args: [{ source, filename, hint, fromLake: false }] });
      return undefined;
    }
    if (live !== null && MENDED_BY_LOAD.some((kind) => kinds.has(kind))) {
      const { version, month, lakeKey, sizeBytes } = live;
      const ofVersion = record?.version === version ? record : null;
      const { failure } = await executeChild(reloadFile, {
        ...workflow,
        args: [{ source, filename, version, month, lakeKey, sizeBytes, record: ofVersion }],
      });
      return failure ?? undefined;
    }
    if (live !== null && record?.version === live.version && kinds.has('STAGE')) {
      await warehouseActivities.recordStage(asPublished(record, live));
    }
    return undefined;
  } catch (error) {
    if (error instanceof ChildWorkflowFailure) return error.cause?.message ?? error.message;
    if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    return 'it is being ingested now';
  }
}
