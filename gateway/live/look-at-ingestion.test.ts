import { describe, expect, it } from 'vitest';
import type { FileRecord, FileStage } from '../../warehouse/files.ts';
import type { WatcherStatus } from '../../workflows/messages.ts';
import { lookAtIngestion } from './look-at-ingestion.ts';

const file = (filename: string, stage: FileStage, chunks = 4): FileRecord => ({
  source: 'yellow',
  filename,
  version: 'v',
  month: '',
  stage,
  reason: '',
  notes: [],
  drift: [],
  hint: '',
  sizeBytes: 100,
  chunks,
  rows: null,
  rejected: null,
  loadId: null,
  lakeKey: '',
  updatedAtMs: 7,
});

/** @returns the state, and the files that Temporal was asked about */
async function look(files: readonly FileRecord[], status: Pick<WatcherStatus, 'paused'> | null = null) {
  const asked: string[] = [];
  const state = await lookAtIngestion({
    sourceName: 'yellow',
    readFiles: async () => [...files],
    ingestion: {
      watcher: async () => ({ status: status as WatcherStatus | null, problem: null }),
      async progress(_, filename) {
        asked.push(filename);
        if (filename === 'unknown') return null;
        return { stage: 'FETCHING', version: 'v', chunks: 4, chunksDone: 3, bytesDone: 75 };
      },
    },
    liveLoads: { current: () => undefined },
  });
  return { state, asked };
}

describe('a look at ingestion', () => {
  it('counts every file, shows those on their way, and asks about those that are being fetched', async () => {
    const stages: FileStage[] = ['DISCOVERED', 'FETCHING', 'LOADING', 'PUBLISHED', 'QUARANTINED'];
    const files = [...stages.map((stage) => file(stage.toLowerCase(), stage)), file('unknown', 'FETCHING')];
    const { state, asked } = await look(files, { paused: true });
    expect(asked).toEqual(['fetching', 'unknown']);
    expect(state).toMatchObject({ paused: true, dataVersion: 0 });
    expect(state.stages).toEqual(stages.map((stage) => ({ stage, count: stage === 'FETCHING' ? 2 : 1 })));
    expect(state.underWay.map(({ filename, progress }) => [filename, progress])).toEqual([
      ['discovered', null],
      ['fetching', { chunks: 4, chunksDone: 3 }],
      ['loading', { chunks: 4, chunksDone: 4 }],
      ['unknown', null],
    ]);
    expect(state.underWay[0]).toMatchObject({ month: null, sizeBytes: 100, updatedAt: 7 });
  });

  it('shows and asks about 100 at most', async () => {
    const { state, asked } = await look(Array.from({ length: 150 }, (_, n) => file(`${n}`, 'FETCHING')));
    expect([state.paused, state.underWay.length, asked.length]).toEqual([null, 100, 100]);
    expect(state.stages[1]).toEqual({ stage: 'FETCHING', count: 150 });
  });
});
