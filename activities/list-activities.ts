/** Finding out what changed at the source, and whether ingestions still run. */
import type { Client } from '@temporalio/client';
import { readFreedDuplicates } from '../warehouse/file-contents.ts';
import {
  fileMonth,
  isHeldByOperator,
  quarantineCode,
  readFiles,
  recordFile,
  type FileRecord,
} from '../warehouse/files.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { IgnoredFiles } from '../sources/ignored-files.ts';
import type { ListedFile, Source } from '../sources/source.ts';
import { SourceError } from '../sources/source-error.ts';
import { sourceFailure } from './failures.ts';
import { createFaults, type Faults } from './faults.ts';
import { goneAndCounted, noteGone, type OnSourceDelete } from './gone-files.ts';
import { withHeartbeat } from './heartbeat.ts';
import { isRunning } from './is-running.ts';
import { withinBytes } from './within-bytes.ts';

export interface ChangedFile {
  filename: string;
  /** Null where only `stat` could tell and it was not asked. */
  version: string | null;
  hint: string;
}

export interface ListChangesInput {
  source: string;
  /** Files being ingested now, and at which version: not returned again unless they changed since. */
  inFlight: { filename: string; version: string | null }[];
  /** Only files of these months, both included; `YYYY-MM`. */
  months?: { from: string; to: string };
  /** Return files of those months even when they are published as they are, or no longer at the source. */
  force?: boolean;
  /** Only files whose names come after this one: the next page. */
  after?: string;
}

export interface ListChangesResult {
  changed: ChangedFile[];
  /** There are more than fit in one page: ask again at once. */
  more: boolean;
  listed: number;
  /** The configured pause between polls, in milliseconds. */
  pollEveryMs: number;
  /** The pause may be this long instead: nothing goes on, and whatever changes at the source is told of. */
  restMs?: number;
  /** Files to be taken out, as the source does not show them any more (`ON_SOURCE_DELETE=withdraw`). */
  withdraw?: string[];
  /** A trouble that people should know of, although the listing worked; absent where all is well, and in older histories. */
  problem?: string;
  /** What the listing leaves out. */
  ignored?: IgnoredFiles[];
}

/** A watch that tells of all changes is not believed for ever. */
const REST_MS = 60_000;
const LONGEST_PROBLEM = 1_000;
/** Changed files per answer, or as many as `withinBytes` takes. */
const PAGE = 500;

export function createListActivities({
  source,
  warehouse,
  client,
  pollEveryMs,
  now,
  onSourceDelete = 'keep',
  isWatched = () => false,
  faults = createFaults(),
  trouble = () => undefined,
}: {
  source: Source;
  warehouse: Warehouse;
  client: Client;
  pollEveryMs: number;
  now: () => number;
  onSourceDelete?: OnSourceDelete;
  /** Will somebody tell of whatever differs from the last listing? */
  isWatched?: () => boolean;
  faults?: Faults;
  /** What keeps files from being loaded, wherever they come from. */
  trouble?: () => string | undefined;
}) {
  /**
   * The version where the listing does not tell it; asks the source once per changed hint. Undefined: not there. Null: the
   * source says nothing sensible about this one file; its own workflow finds out what is wrong.
   */
  async function versionOf(
    listed: ListedFile,
    known: FileRecord | undefined,
    signal: AbortSignal,
    refusals: string[],
  ): Promise<string | null | undefined> {
    if (listed.version !== undefined) return listed.version;
    if (known !== undefined && listed.hint !== undefined && listed.hint === known.hint) return known.version;
    try {
      const { version } = await source.stat({
        filename: listed.filename,
        signal,
        known: known === undefined || known.version === '' ? undefined : known.version,
      });
      faults.answered(`list ${listed.filename}`);
      if (known?.version === version && listed.hint !== undefined) {
        await recordFile(warehouse, { ...known, hint: listed.hint, updatedAtMs: now() });
      }
      return version;
    } catch (error) {
      if (error instanceof SourceError && error.kind === 'absent') return undefined;
      if (error instanceof SourceError && error.kind === 'broken') return null;
      if (error instanceof SourceError && error.kind === 'refused') {
        if (known?.stage === 'PUBLISHED') refusals.push(error.message);
        // What is published stays so, and what is quarantined for that is told.
        return known?.version ?? null;
      }
      if (faults.isLasting(`list ${listed.filename}`, error)) return null;
      throw error;
    }
  }

  async function changesOf(input: ListChangesInput, signal: AbortSignal): Promise<ListChangesResult> {
    const listing = await source.list({ signal });
    faults.answered();
    const known = new Map(
      (await readFiles(warehouse, { source: input.source })).map((file) => [file.filename, file]),
    );
    const inFlight = new Map(input.inFlight.map(({ filename, version }) => [filename, version]));
    await noteGone(
      { source, warehouse, now },
      { listing, known, inFlight: new Set(inFlight.keys()), signal },
    );
    const hasDuplicates = [...known.values()].some((file) => quarantineCode(file) === 'DUPLICATE');
    const freed = hasDuplicates
      ? await readFreedDuplicates(warehouse, { source: input.source })
      : new Set<string>();
    const changed: ChangedFile[] = [];
    const fits = withinBytes();
    let more = false;
    const refusals: string[] = [];
    const candidates =
      input.force === true && input.months !== undefined ? withVanished(listing, known.values()) : listing;
    for (const listed of candidates) {
      more = changed.length === PAGE;
      if (more) break;
      const { filename } = listed;
      if (input.after !== undefined && filename <= input.after) continue;
      const month = fileMonth(filename);
      if (input.months !== undefined && (month < input.months.from || month > input.months.to)) continue;
      const record = known.get(filename);
      let version;
      try {
        version = await versionOf(listed, record, signal, refusals);
      } catch (error) {
        // What was found so far need not wait for the next listing.
        if (!(error instanceof SourceError) || changed.length === 0) throw error;
        break;
      }
      if (version === undefined) continue;
      if (inFlight.has(filename)) {
        const ingesting = inFlight.get(filename);
        if (ingesting === null || ingesting === version) continue;
      } else if (record?.version === version) {
        if (input.force === true ? isLeftOut(record) : isSettled(record, freed)) continue;
      }
      const file = { filename, version, hint: listed.hint ?? '' };
      more = !fits(file);
      if (more) break;
      changed.push(file);
    }
    // While something changes, a file that is gone may be on its way in under another name.
    const isQuiet = changed.length === 0 && input.inFlight.length === 0 && input.months === undefined;
    const gone: Pick<ListChangesResult, 'withdraw' | 'problem'> =
      isQuiet && onSourceDelete === 'withdraw'
        ? await goneAndCounted(warehouse, { source: input.source, listing, known })
        : {};
    const ignored = source.ignored?.() ?? [];
    const ofSource = listing.length === 0 ? source.sawInstead?.() : refusalsTold(refusals);
    const problem = [trouble(), ofSource].filter((each) => each !== undefined).join(' ');
    const told = problem === '' ? {} : { problem: problem.slice(0, LONGEST_PROBLEM) };
    const mayRest = isQuiet && isWatched() && problem === '' && (gone.withdraw ?? []).length === 0;
    const rest = mayRest ? { restMs: Math.max(REST_MS, pollEveryMs) } : {};
    return { changed, more, listed: listing.length, pollEveryMs, ...rest, ...told, ...gone, ignored };
  }

  return {
    /** Compares the listing with `files`; returns only what changed, a page at a time. */
    async listChanges(input: ListChangesInput): Promise<ListChangesResult> {
      try {
        return await withHeartbeat((signal) => changesOf(input, signal));
      } catch (error) {
        throw sourceFailure(error);
      }
    },

    /** Which of these workflows do not run any more. */
    async findEnded({ workflowIds }: { workflowIds: string[] }): Promise<string[]> {
      const ended: string[] = [];
      for (const workflowId of workflowIds) {
        if (!(await isRunning(client, workflowId))) ended.push(workflowId);
      }
      return ended;
    },
  };
}

/** A forced backfill leaves it alone: an operator took it out, or it went with its file at the source. */
const isLeftOut = (file: FileRecord): boolean =>
  isHeldByOperator(file) || (quarantineCode(file) === 'GONE' && (file.goneAtMs ?? null) !== null);

/** Nothing is to be done for this version: not for one that the source shows again, or whose bytes are counted nowhere any more. */
function isSettled(file: FileRecord, freed: ReadonlySet<string>): boolean {
  if (file.stage === 'PUBLISHED') return true;
  return file.stage === 'QUARANTINED' && quarantineCode(file) !== 'GONE' && !freed.has(file.filename);
}

/** The listing and the files that we know and it does not show, in ascending order of name. */
function withVanished(listing: readonly ListedFile[], known: Iterable<FileRecord>): ListedFile[] {
  const there = new Set(listing.map(({ filename }) => filename));
  const vanished = [...known].filter(({ filename }) => !there.has(filename));
  return [...listing, ...vanished.map(({ filename, version, hint }) => ({ filename, version, hint }))].sort(
    (one, other) => (one.filename < other.filename ? -1 : 1),
  );
}

/** Published files that the source refuses now. */
function refusalsTold([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined || others.length === 0) return first;
  return `${first} (and ${others.length} other published ${others.length === 1 ? 'file' : 'files'})`;
}
