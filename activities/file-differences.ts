/** What is wrong with one file, from its source to its histograms. */
import type { Lake } from '../lake/lake.ts';
import type { ListedFile } from '../sources/source.ts';
import { auditLoad, proveFile, type LiveLoad, type LoadAudit } from '../warehouse/audit-load.ts';
import { fileMonth, type FileRecord } from '../warehouse/files.ts';
import { readFooter } from '../warehouse/footer.ts';
import { ClickHouseError, type Warehouse } from '../warehouse/warehouse.ts';
import { isEngineTrouble } from '../warehouse/engine-trouble.ts';

export type DifferenceKind =
  /** The source cannot be listed: nothing was compared with it. */
  | 'SOURCE_UNREACHABLE'
  /** At the source, and neither loaded nor quarantined nor being ingested. */
  | 'NOT_INGESTED'
  /** The source shows another version than the one we know. */
  | 'OTHER_VERSION_AT_SOURCE'
  /** Served, and no longer at the source. */
  | 'GONE_FROM_SOURCE'
  /** The raw file of the live load is not in the lake whole. */
  | 'LAKE_MISSING'
  /** It is there, and it is not what was loaded. */
  | 'LAKE_CONTENT'
  /** Trips are missing, doubled or changed. */
  | 'TRIPS'
  | 'REJECTED_ROWS'
  | 'HISTOGRAMS'
  /** The pickup days in the log of publications. */
  | 'DAYS'
  /** The proof in the log of publications. */
  | 'PROOF'
  /** `files` says something else than the log of publications. */
  | 'STAGE'
  /** Rows of a load that was never published and that nobody will publish: the sweep takes them. */
  | 'ORPHAN_LOAD'
  /** Raw files in the lake of versions that nothing tells of: nothing reads them. */
  | 'ORPHAN_LAKE_FILES';

export interface Difference {
  /** '' for what concerns the source or the lake as a whole. */
  filename: string;
  kind: DifferenceKind;
  /** For people. */
  detail: string;
}

/** Everything that is known of one file, before it is looked at. */
export interface KnownFile {
  source: string;
  filename: string;
  /** At its newest version. */
  record: FileRecord | undefined;
  live: LiveLoad | undefined;
  /** The record of the live version. */
  liveRecord: FileRecord | undefined;
  /** Its version where that is known. Undefined when it is not listed; null when the source could not be asked. */
  listed: ListedFile | null | undefined;
}

type Found = Omit<Difference, 'filename'>;

/** What the listing and `files` say. */
export function differencesOfRecords({ record, live, listed }: KnownFile): Found[] {
  const found: Found[] = [];
  if (listed === undefined && live !== undefined)
    found.push({ kind: 'GONE_FROM_SOURCE', detail: 'no longer listed; it stays served' });
  if (listed !== undefined && listed !== null && record !== undefined) {
    const { version } = listed;
    if (version !== undefined && version !== record.version) {
      found.push({
        kind: 'OTHER_VERSION_AT_SOURCE',
        detail: `${version} is there, ${record.version} is known`,
      });
    }
  }
  const settled = record?.stage === 'PUBLISHED' || record?.stage === 'QUARANTINED';
  if (live === undefined && (record === undefined ? listed : !settled))
    found.push({
      kind: 'NOT_INGESTED',
      detail: record === undefined ? 'listed and unknown' : `left at ${record.stage}`,
    });
  if (live === undefined && record?.stage === 'PUBLISHED')
    found.push({ kind: 'STAGE', detail: 'PUBLISHED, and nothing of it is live' });
  if (live !== undefined && record?.version === live.version) {
    if (record.stage !== 'PUBLISHED')
      found.push({ kind: 'STAGE', detail: `${record.stage}, and that very version is live` });
    else if (record.rows !== live.rows)
      found.push({ kind: 'STAGE', detail: `${record.rows} rows, ${live.rows} are live` });
  } else if (live !== undefined && record === undefined) {
    found.push({ kind: 'STAGE', detail: 'live, and unknown to files' });
  } else if (live !== undefined && !settled) {
    found.push({ kind: 'NOT_INGESTED', detail: `a newer version was left at ${record?.stage}` });
  }
  return found;
}

/** What the lake and the tables hold of the live load, each looked at anew. */
export async function differencesOfContent(
  { source, filename, live, liveRecord }: KnownFile & { live: LiveLoad },
  { lake, warehouse, signal }: { lake: Lake; warehouse: Warehouse; signal: AbortSignal },
): Promise<Found[]> {
  const audit = await auditLoad(warehouse, { live, signal });
  const { version } = live;
  const lakeKey = lake.key({ source, filename, version });
  const inLake = await proveLakeFile({ lakeKey, live, liveRecord, filename }, { lake, warehouse, signal });
  return [
    ...('found' in inLake ? [inLake.found] : []),
    ...differencesOfTrips(live, audit, 'found' in inLake ? undefined : inLake),
    ...oneOf('HISTOGRAMS', audit.histograms),
    ...oneOf('DAYS', audit.days),
    ...oneOf('REJECTED_ROWS', audit.rejected),
  ];
}

const oneOf = (kind: DifferenceKind, details: readonly string[]): Found[] =>
  details.length === 0 ? [] : [{ kind, detail: details.join('; ').slice(0, DETAIL_CHARACTERS) }];

/** What differs may differ in thousands of places. */
const DETAIL_CHARACTERS = 1_000;

/** Of trips, raw file and proof, two that agree outvote the third. */
function differencesOfTrips(
  { proof }: LiveLoad,
  audit: LoadAudit,
  inLake: { rows: number; checksum: string } | undefined,
): Found[] {
  const found = oneOf('TRIPS', audit.trips);
  const proven = audit.rows === proof.rowsLoaded && audit.checksum === proof.checksum;
  if (inLake === undefined) {
    if (!proven && found.length === 0)
      found.push({ kind: 'TRIPS', detail: `checksum ${audit.checksum}, ${proof.checksum} was proven` });
    return found;
  }
  const asInLake = audit.rows === inLake.rows && audit.checksum === inLake.checksum;
  if (asInLake && !proven)
    found.push({
      kind: 'PROOF',
      detail: `checksum ${proof.checksum}; trips and the raw file have ${audit.checksum}`,
    });
  if (!asInLake && proven)
    found.push({
      kind: 'LAKE_CONTENT',
      detail: `${inLake.rows} rows with checksum ${inLake.checksum}; ${audit.rows} with ${audit.checksum} were loaded`,
    });
  if (!asInLake && !proven && found.length === 0)
    found.push({ kind: 'TRIPS', detail: `checksum ${audit.checksum}, the raw file has ${inLake.checksum}` });
  return found;
}

async function proveLakeFile(
  {
    lakeKey,
    live,
    liveRecord,
    filename,
  }: { lakeKey: string; live: LiveLoad; liveRecord: FileRecord | undefined; filename: string },
  { lake, warehouse, signal }: { lake: Lake; warehouse: Warehouse; signal: AbortSignal },
): Promise<{ rows: number; checksum: string } | { found: Found }> {
  const different = (kind: DifferenceKind, detail: string) => ({ found: { kind, detail } });
  const sizeBytes = await lake.sizeOf(lakeKey);
  if (sizeBytes === undefined) return different('LAKE_MISSING', 'the raw file is not in the lake');
  const expected = liveRecord?.sizeBytes ?? sizeBytes;
  if (sizeBytes !== expected)
    return different('LAKE_MISSING', `the lake holds ${sizeBytes} of ${expected} bytes`);
  const footer = await readFooter({
    sizeBytes,
    month: fileMonth(filename),
    read: (start, end) => lake.read({ key: lakeKey, range: { start, end } }),
  });
  if (footer.kind === 'refused') return different('LAKE_CONTENT', footer.refusal.message);
  if (footer.kind === 'needMore') return different('LAKE_MISSING', 'the lake does not hold the footer');
  const { schema } = footer;
  if (schema.rows !== live.proof.rowsByFooter)
    return different(
      'LAKE_CONTENT',
      `the footer says ${schema.rows} rows, ${live.proof.rowsByFooter} were read`,
    );
  try {
    const file = await lake.tableFunction(lakeKey);
    return await proveFile(warehouse, { schema, file, signal });
  } catch (error) {
    if (!(error instanceof ClickHouseError) || isEngineTrouble(error)) throw error;
    return different('LAKE_CONTENT', `the engine cannot read it: ${error.message.slice(0, 300)}`);
  }
}
