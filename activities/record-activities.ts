import { recordFile, type FileRecord } from '../warehouse/files.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

export function createIngestRecordActivities({ warehouse }: { warehouse: Warehouse }) {
  return {
    /** Writes a stage change into `files`; idempotent, the newest `updatedAtMs` counts. */
    async recordStage(file: FileRecord): Promise<void> {
      await recordFile(warehouse, file);
    },
  };
}
