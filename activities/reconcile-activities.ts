/** Comparing everything we hold with everything we say, a page of files at a time. */
import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { Lake } from '../lake/lake.ts';
import { SourceError } from '../sources/source-error.ts';
import type { ListedFile, Source } from '../sources/source.ts';
import { readLiveLoads, type LiveLoad } from '../warehouse/audit-load.ts';
import { fileMonth, readFiles, readFileVersions, type FileRecord } from '../warehouse/files.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import {
  differencesOfContent,
  differencesOfRecords,
  type Difference,
  type KnownFile,
} from './file-differences.ts';
import { UNKNOWN_SOURCE } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { isRunning } from './is-running.ts';
import { within, type Months } from './months.ts';
import { withinBytes } from './within-bytes.ts';

/** What the source shows of a file, so that it is listed once a page; null when it could not be asked. */
export type Listing = { file: ListedFile | null } | null;

interface DifferingFile {
  filename: string;
  listing: Listing;
}

export interface FilePage {
  checked: number;
  differences: Difference[];
  /** Of each file that differs. */
  listings: Record<string, Listing>;
  /** Where the next page begins: after this name. Null when there is none. */
  last: string | null;
}

/** What a repair works with. */
export interface RepairPlan {
  record: FileRecord | null;
  /** Null when nothing is live. */
  live: {
    version: string;
    month: string;
    lakeKey: string;
    sizeBytes: number;
    rows: number;
    rejected: number;
    loadId: string;
  } | null;
  /** As the listing shows it now. */
  hint: string;
  /** May its bytes be fetched again? Only when the source shows the version that we know. */
  atSource: boolean;
}

/** What we say of our files, by name. */
interface Holdings {
  records: Map<string, FileRecord>;
  lives: Map<string, LiveLoad>;
}

/** A page ends with whichever is reached first. Milliseconds. */
const PAGE_FILES = 500;
const PAGE_MS = 120_000;

export function createReconcileActivities({
  source,
  sourceName,
  lake,
  warehouse,
  client,
  ingestId,
  now,
}: {
  source: Source;
  sourceName: string;
  lake: Lake;
  warehouse: Warehouse;
  client: Client;
  /** The id of the workflow that ingests a file. */
  ingestId: (source: string, filename: string) => string;
  now: () => number;
}) {
  /** By name; the source's complaint when it cannot be listed. */
  async function list(signal: AbortSignal): Promise<Map<string, ListedFile> | string> {
    try {
      return new Map((await source.list({ signal })).map((file) => [file.filename, file]));
    } catch (error) {
      if (error instanceof SourceError) return error.message;
      throw error;
    }
  }

  async function differencesOf(file: KnownFile, signal: AbortSignal): Promise<Difference[]> {
    const { filename, live } = file;
    const found = [
      ...differencesOfRecords(file),
      ...(live === undefined
        ? []
        : await differencesOfContent({ ...file, live }, { lake, warehouse, signal })),
    ];
    // What is being ingested is about to change: only what is wrong with nobody at work on it is wrong.
    if (found.length > 0 && (await isRunning(client, ingestId(file.source, filename)))) return [];
    return found.map((difference) => ({ filename, ...difference }));
  }

  /** The version of a listed file, where the listing does not tell it; a file whose hint is as it was is as it was. */
  async function withVersion(
    listed: ListedFile,
    record: FileRecord | undefined,
    signal: AbortSignal,
  ): Promise<ListedFile> {
    if (record === undefined || listed.version !== undefined || listed.hint === undefined) return listed;
    if (listed.hint === record.hint) return { ...listed, version: record.version };
    try {
      const { version } = await source.stat({ filename: listed.filename, signal });
      return { ...listed, version };
    } catch (error) {
      if (error instanceof SourceError) return listed;
      throw error;
    }
  }

  async function known(
    filename: string,
    { records, lives }: Holdings,
    listed: KnownFile['listed'],
  ): Promise<KnownFile> {
    const record = records.get(filename);
    const live = lives.get(filename);
    const liveRecord =
      live === undefined || record?.version === live.version
        ? record
        : (await readFileVersions(warehouse, { source: sourceName, filename })).find(
            ({ version }) => version === live.version,
          );
    return { source: sourceName, filename, record, live, liveRecord, listed };
  }

  async function readHoldings(): Promise<Holdings> {
    const byName = <File extends { filename: string }>(files: File[]) =>
      new Map(files.map((file) => [file.filename, file]));
    return {
      records: byName(await readFiles(warehouse, { source: sourceName })),
      lives: byName(await readLiveLoads(warehouse, { source: sourceName })),
    };
  }

  return {
    /**
     * Compares source, lake, log and tables, file by file in ascending order of name.
     * @param after of the page before; undefined for the first page
     * @throws ApplicationFailure `UnknownSource`
     */
    async auditFiles(input: { source: string; months?: Months; after?: string }): Promise<FilePage> {
      const { months, after } = input;
      if (input.source !== sourceName) {
        const message = `there is no source ${JSON.stringify(input.source)}: this worker has ${sourceName}`;
        throw ApplicationFailure.nonRetryable(message, UNKNOWN_SOURCE);
      }
      return withHeartbeat(async (signal) => {
        const until = now() + PAGE_MS;
        const listing = await list(signal);
        const holdings = await readHoldings();
        const { records, lives } = holdings;
        const listedNames = typeof listing === 'string' ? [] : listing.keys();
        const names = [...new Set([...records.keys(), ...lives.keys(), ...listedNames])]
          .filter((name) => after === undefined || name > after)
          .filter((name) => within(fileMonth(name), months))
          .toSorted();
        const differences: Difference[] = [];
        if (typeof listing === 'string' && after === undefined)
          differences.push({ filename: '', kind: 'SOURCE_UNREACHABLE', detail: listing });
        const listings: FilePage['listings'] = {};
        const fits = withinBytes();
        let checked = 0;
        for (const filename of names) {
          if (checked === PAGE_FILES || now() > until) break;
          checked += 1;
          const shown = typeof listing === 'string' ? null : listing.get(filename);
          const record = records.get(filename);
          const listed =
            shown === null || shown === undefined ? shown : await withVersion(shown, record, signal);
          if ((await differencesOf(await known(filename, holdings, listed), signal)).length === 0) continue;
          // Again, as it is now: it may have been ingested since the page began.
          const found = await differencesOf(await known(filename, await readHoldings(), listed), signal);
          if (found.length === 0) continue;
          const shownAs = listed === null ? null : { file: listed ?? null };
          if (!fits([found, filename, shownAs])) {
            // It begins the next page.
            checked -= 1;
            break;
          }
          differences.push(...found);
          listings[filename] = shownAs;
        }
        return {
          checked,
          differences,
          listings,
          last: checked < names.length ? (names[checked - 1] ?? null) : null,
        };
      });
    },

    /** One file again, as after a repair. */
    async auditFile({ filename, listing }: DifferingFile): Promise<Difference[]> {
      return withHeartbeat(async (signal) =>
        differencesOf(await known(filename, await readHoldings(), listedIn(listing)), signal),
      );
    },

    async planRepair({ filename, listing }: DifferingFile): Promise<RepairPlan> {
      return withHeartbeat(async () => {
        const file = await known(filename, await readHoldings(), listedIn(listing));
        const { record, live, listed } = file;
        // A version that is quarantined or held back would be fetched in its place, and quarantined again.
        const asKnown = listed?.version === undefined || listed.version === record?.version;
        const barred = record?.stage === 'QUARANTINED' && asKnown && record.version !== live?.version;
        return {
          record: record ?? null,
          live:
            live === undefined
              ? null
              : {
                  version: live.version,
                  month: fileMonth(filename),
                  lakeKey: lake.key({ source: sourceName, filename, version: live.version }),
                  sizeBytes: file.liveRecord?.sizeBytes ?? 0,
                  rows: live.rows,
                  rejected: live.rejected,
                  loadId: live.loadId,
                },
          hint: listed?.hint ?? record?.hint ?? '',
          atSource: listed !== undefined && listed !== null && !barred,
        };
      });
    },

    /** Forgets a raw file that is not what it should be, so that it is fetched again; idempotent. */
    async removeFromLake({ lakeKey }: { lakeKey: string }): Promise<void> {
      await lake.remove(lakeKey);
    },
  };
}

function listedIn(listing: Listing): KnownFile['listed'] {
  return listing === null ? null : (listing.file ?? undefined);
}
