import type { FileRecord, FileStage } from '../../warehouse/files.ts';
import type { Ingestion } from '../ingestion.ts';
import type { LiveLoads } from '../live-loads.ts';
import { countByStage, type StageCount } from '../stage-counts.ts';

/** Plain data, the same for all who read it: nothing of it is looked up for each of them. */
export interface IngestionState {
  paused: boolean | null;
  stages: StageCount[];
  /** In ascending order of name. */
  underWay: FileUnderWay[];
  /** The highest sequence that was published; 0 before the first. */
  dataVersion: number;
}

export interface FileUnderWay {
  filename: string;
  /** `YYYY-MM`; null for a file without one in its name. */
  month: string | null;
  version: string;
  stage: FileStage;
  sizeBytes: number | null;
  progress: { chunks: number; chunksDone: number } | null;
  /** Milliseconds since 1970. */
  updatedAt: number;
}

const MOST_UNDER_WAY = 100;
const UNDER_WAY: readonly FileStage[] = ['DISCOVERED', 'FETCHING', 'LOADING'];

/** How ingestion goes right now. What Temporal knows is null while it is away; rejects while the warehouse is. */
export async function lookAtIngestion({
  sourceName,
  readFiles,
  ingestion,
  liveLoads,
}: {
  sourceName: string;
  /** In ascending order of name. */
  readFiles: () => Promise<readonly FileRecord[]>;
  ingestion: Pick<Ingestion, 'watcher' | 'progress'>;
  liveLoads: Pick<LiveLoads, 'current'>;
}): Promise<IngestionState> {
  const [files, { status }] = await Promise.all([readFiles(), ingestion.watcher(sourceName)]);
  const underWay = files.filter(({ stage }) => UNDER_WAY.includes(stage)).slice(0, MOST_UNDER_WAY);

  async function progressOf({ filename, stage, chunks }: FileRecord): Promise<FileUnderWay['progress']> {
    if (stage === 'LOADING') return { chunks, chunksDone: chunks };
    const found = stage === 'FETCHING' ? await ingestion.progress(sourceName, filename) : null;
    return found === null ? null : { chunks: found.chunks, chunksDone: found.chunksDone };
  }

  return {
    paused: status?.paused ?? null,
    stages: countByStage(files),
    underWay: await Promise.all(
      underWay.map(async (file) => ({
        filename: file.filename,
        month: file.month === '' ? null : file.month,
        version: file.version,
        stage: file.stage,
        sizeBytes: file.sizeBytes,
        progress: await progressOf(file),
        updatedAt: file.updatedAtMs,
      })),
    ),
    dataVersion: liveLoads.current()?.sequence ?? 0,
  };
}
