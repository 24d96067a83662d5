/** What operators ask for: going back to an older load, and trying again what was quarantined. */
import type { Lake } from '../lake/lake.ts';
import { acceptVersion } from '../warehouse/accepted-versions.ts';
import { duplicateMessage, judgeContent, readContent, readSameContent } from '../warehouse/file-contents.ts';
import {
  fileMonth,
  quarantineCode,
  readFileVersions,
  readFiles,
  recordFile,
  type FileRecord,
} from '../warehouse/files.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import { liveLoadOf, readFileChanges } from '../warehouse/loads.ts';
import { recordOut } from '../warehouse/record-out.ts';
import type { RefusalCode } from '../warehouse/refusal.ts';
import { rollbackTarget } from '../warehouse/rollback-target.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { ChangedFile } from './list-activities.ts';
import type { LoadInput } from './load-activities.ts';
import { withinBytes } from './within-bytes.ts';

/** Why it cannot be done; the type is that of the failure that the operator gets. */
interface Mistake {
  type: 'NotFound' | 'Conflict';
  mistake: string;
}

interface LoadOfVersion {
  loadId: string;
  version: string;
}

/** What `accept` lifts: judgements of a file that can be read. */
const ACCEPTABLE: readonly RefusalCode[] = [
  'WITHDRAWN',
  'HELD_BACK',
  'GONE',
  'DUPLICATE',
  'OTHER_MONTH',
  'REJECTED_ROWS',
  'OTHER_DATA_SET',
];

/** Files that one retry takes up; they are carried over from run to run until they are ingested. */
const PAGE = 500;

export function createControlActivities({
  lake,
  warehouse,
  now,
}: {
  lake: Lake;
  warehouse: Warehouse;
  now: () => number;
}) {
  return {
    /**
     * The load to go back to: the one that was live before the live one, or the one that the file lost when it was taken out. Where that one was swept,
     * the version that is to be loaded from the lake.
     */
    async findPreviousLoad(file: {
      source: string;
      filename: string;
    }): Promise<
      { load: VerifiedLoad; from: LoadOfVersion | null } | { reload: { version: string } } | Mistake
    > {
      const { filename } = file;
      const changes = await readFileChanges(warehouse, file);
      const { live, previous } = rollbackTarget(changes);
      if (changes.length === 0) {
        const known = (await readFileVersions(warehouse, file)).length > 0;
        return known
          ? { type: 'Conflict', mistake: `${filename} was never published` }
          : { type: 'NotFound', mistake: `there is no file ${filename}` };
      }
      if (previous?.isSwept === true) return { reload: { version: previous.version } };
      if (previous === undefined || previous.load === null) {
        const mistake = `nothing to go back to: no load of ${filename} from before the live one is kept (KEEP_LOADS_HOURS)`;
        return { type: 'Conflict', mistake };
      }
      const { load } = live ?? { load: null };
      const from = load === null ? null : { loadId: load.loadId, version: load.version };
      return { load: previous.load, from };
    },

    /** What is live of a file, to be taken out. */
    async findLiveLoad(file: {
      source: string;
      filename: string;
    }): Promise<{ live: LoadOfVersion } | Mistake> {
      const { filename } = file;
      const changes = await readFileChanges(warehouse, file);
      const load = liveLoadOf(changes);
      if (load !== null) return { live: { loadId: load.loadId, version: load.version } };
      const known = changes.length > 0 || (await readFileVersions(warehouse, file)).length > 0;
      return known
        ? { type: 'Conflict', mistake: `nothing of ${filename} is counted: there is nothing to take out` }
        : { type: 'NotFound', mistake: `there is no file ${filename}` };
    },

    /**
     * Records a rollback or a withdrawal in `files`: the version that was live is held back, so that no poll ingests it again, and the one that is live
     * again is published.
     */
    async holdBack(input: {
      source: string;
      filename: string;
      sequence: number;
      /** Null where nothing was live. */
      from: LoadOfVersion | null;
      /** Null for a withdrawal. */
      to: LoadOfVersion | null;
      /** Why a withdrawal was; by default an operator asked for it. */
      gone?: boolean;
    }): Promise<void> {
      const { source, filename, sequence, from, to, gone = false } = input;
      if (from !== null && from.version !== to?.version) {
        const reason =
          to !== null
            ? `HELD_BACK: rolled back to version ${to.version}, published as ${sequence}; held until the source changes or a retry`
            : gone
              ? `GONE: the source does not show it any more; taken out as ${sequence} until it comes back (ON_SOURCE_DELETE=withdraw)`
              : `WITHDRAWN: taken out by an operator as ${sequence}; left out until the source changes, accept or a rollback`;
        await recordOut(warehouse, { source, filename, version: from.version, reason, now: now() });
      }
      if (to === null) return;
      const versions = await readFileVersions(warehouse, { source, filename });
      const [newest] = versions;
      const record = versions.find(({ version }) => version === to.version);
      if (newest === undefined || record === undefined) return;
      // What an operator brings back stays, also where the source does not show it.
      if (from === null) await acceptVersion(warehouse, { source, filename, version: to.version });
      if (record.stage === 'PUBLISHED' && record.loadId === to.loadId) return;
      const updatedAtMs =
        newest === record ? Math.max(now(), record.updatedAtMs + 1) : newest.updatedAtMs - 1;
      await recordFile(warehouse, {
        ...record,
        stage: 'PUBLISHED',
        reason: '',
        loadId: to.loadId,
        updatedAtMs,
      });
    },

    /** What a version that an operator brings back is loaded from. */
    async planReload(input: {
      source: string;
      filename: string;
      version: string;
    }): Promise<{ load: LoadInput } | Mistake> {
      const { source, filename, version } = input;
      const versions = await readFileVersions(warehouse, { source, filename });
      const record = versions.find((each) => each.version === version);
      const lakeKey = lake.key({ source, filename, version });
      const sizeBytes = await lake.sizeOf(lakeKey);
      if (record === undefined || sizeBytes === undefined || sizeBytes !== record.sizeBytes) {
        const mistake = `its load is not kept any more (KEEP_LOADS_HOURS), and the lake does not hold version ${version} of ${filename} either: accept fetches what the source shows`;
        return { type: 'Conflict', mistake };
      }
      await acceptVersion(warehouse, { source, filename, version });
      return { load: { source, filename, version, month: fileMonth(filename), lakeKey, sizeBytes } };
    },

    /** Accepts the newest version of a file that a judgement, or an operator, holds back. */
    async acceptFile(input: { source: string; filename: string }): Promise<{ file: ChangedFile } | Mistake> {
      const { source, filename } = input;
      const [record] = await readFileVersions(warehouse, input);
      if (record === undefined) return { type: 'NotFound', mistake: `there is no file ${filename}` };
      const { version, hint, stage } = record;
      const code = quarantineCode(record);
      if (code === undefined)
        return {
          type: 'Conflict',
          mistake: `${filename} is ${stage}, not QUARANTINED: there is nothing to accept`,
        };
      if (!ACCEPTABLE.includes(code)) {
        const mistake = `${filename} cannot be accepted, as it is not held back by a judgement: ${record.reason}`;
        return { type: 'Conflict', mistake };
      }
      if (code === 'DUPLICATE') {
        const sha256 = await readContent(warehouse, { source, filename, version });
        const same = sha256 === undefined ? [] : await readSameContent(warehouse, { source, sha256 });
        const judged = judgeContent({ filename, version }, same, { accepted: true });
        if (judged.kind === 'duplicate') {
          const mistake = `${filename} cannot be accepted: ${duplicateMessage(judged)}, and the same bytes are counted once. Withdraw ${judged.of} first`;
          return { type: 'Conflict', mistake };
        }
      }
      await acceptVersion(warehouse, { source, filename, version });
      return { file: { filename, version, hint } };
    },

    /** Quarantined and held-back files, a page of them; with `filenames` exactly those, or a mistake. */
    async findQuarantined(input: {
      source: string;
      filenames?: string[];
      /** Being ingested already. */
      except: string[];
    }): Promise<{ files: ChangedFile[]; remaining: number } | Mistake> {
      const except = new Set(input.except);
      const files = await readFiles(warehouse, { source: input.source });
      const changed = ({ filename, version, hint }: FileRecord): ChangedFile => ({ filename, version, hint });
      if (input.filenames === undefined) {
        // What an operator took out is for `accept`, and named.
        const found = files.filter(
          (file) =>
            file.stage === 'QUARANTINED' &&
            quarantineCode(file) !== 'WITHDRAWN' &&
            !except.has(file.filename),
        );
        const fits = withinBytes();
        const page: ChangedFile[] = [];
        for (const file of found.slice(0, PAGE).map(changed)) {
          if (!fits(file)) break;
          page.push(file);
        }
        return { files: page, remaining: found.length - page.length };
      }
      const known = new Map(files.map((file) => [file.filename, file]));
      const asked: FileRecord[] = [];
      for (const filename of new Set(input.filenames)) {
        const file = known.get(filename);
        if (file === undefined) return { type: 'NotFound', mistake: `there is no file ${filename}` };
        if (except.has(filename)) continue;
        if (file.stage !== 'QUARANTINED') {
          return {
            type: 'Conflict',
            mistake: `${filename} is ${file.stage}, not QUARANTINED: nothing is retried`,
          };
        }
        if (quarantineCode(file) === 'WITHDRAWN')
          return { type: 'Conflict', mistake: `${filename} was taken out: accept counts it again` };
        asked.push(file);
      }
      return { files: asked.map(changed), remaining: 0 };
    },
  };
}
