/** What operators ask for: going back to an older load, and trying again what was quarantined. */
import { readFileVersions, readFiles, recordFile, type FileRecord } from '../warehouse/files.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import { readFilePublications } from '../warehouse/loads.ts';
import { rollbackTarget } from '../warehouse/rollback-target.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { ChangedFile } from './list-activities.ts';
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

/** Files that one retry takes up; they are carried over from run to run until they are ingested. */
const PAGE = 500;

export function createControlActivities({ warehouse, now }: { warehouse: Warehouse; now: () => number }) {
  return {
    /** The load that was live before the one that is live now, if it is kept. */
    async findPreviousLoad(file: {
      source: string;
      filename: string;
    }): Promise<{ load: VerifiedLoad; from: LoadOfVersion } | Mistake> {
      const { filename } = file;
      const { live, previous } = rollbackTarget(await readFilePublications(warehouse, file));
      if (live === undefined) {
        const known = (await readFileVersions(warehouse, file)).length > 0;
        return known
          ? { type: 'Conflict', mistake: `${filename} was never published` }
          : { type: 'NotFound', mistake: `there is no file ${filename}` };
      }
      if (previous === undefined) {
        const mistake = `nothing to go back to: no load of ${filename} from before the live one is kept (KEEP_LOADS_HOURS)`;
        return { type: 'Conflict', mistake };
      }
      const { sequence: _, ...load } = previous;
      return { load, from: { loadId: live.loadId, version: live.version } };
    },

    /** Records a rollback in `files`: the version that was live is held back, so that no poll ingests it again. */
    async holdBack(input: {
      source: string;
      filename: string;
      sequence: number;
      from: LoadOfVersion;
      to: LoadOfVersion;
    }): Promise<void> {
      const { source, filename, sequence, from, to } = input;
      const versions = await readFileVersions(warehouse, { source, filename });
      const [newest] = versions;
      const record = versions.find(({ version }) => version === from.version);
      if (newest === undefined || record === undefined) return;
      // A version that came after the live one (and was quarantined) stays the newest of its file.
      const updatedAtMs =
        newest === record ? Math.max(now(), record.updatedAtMs + 1) : newest.updatedAtMs - 1;
      if (from.version === to.version) {
        await recordFile(warehouse, { ...record, loadId: to.loadId, updatedAtMs });
        return;
      }
      const reason = `HELD_BACK: rolled back to version ${to.version}, published as ${sequence}; held until the source changes or a retry`;
      await recordFile(warehouse, { ...record, stage: 'QUARANTINED', reason, updatedAtMs });
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
        const found = files.filter(({ filename, stage }) => stage === 'QUARANTINED' && !except.has(filename));
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
        asked.push(file);
      }
      return { files: asked.map(changed), remaining: 0 };
    },
  };
}
