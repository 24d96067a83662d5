import { readFileVersions, recordFile, type FileRecord } from '../warehouse/files.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

export function createIngestRecordActivities({ warehouse }: { warehouse: Warehouse }) {
  return {
    /** Writes a stage change into `files`; idempotent, the newest `updatedAtMs` counts. Whether the source shows the file is for polls to say. */
    async recordStage(file: FileRecord): Promise<void> {
      const [newest] = await readFileVersions(warehouse, file);
      await recordFile(warehouse, { ...file, goneAtMs: newest?.goneAtMs ?? null });
    },
  };
}
