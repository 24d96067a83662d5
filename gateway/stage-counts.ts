import { FILE_STAGES, type FileRecord, type FileStage } from '../warehouse/files.ts';

export interface StageCount {
  stage: FileStage;
  count: number;
}

/** How many files stand at each stage, those of none included. */
export function countByStage(files: readonly FileRecord[]): StageCount[] {
  return FILE_STAGES.map((stage) => ({
    stage,
    count: files.filter((file) => file.stage === stage).length,
  }));
}
