import { expect, test } from 'vitest';
import { describeProgress, drawBar, readAnswer } from './first-files.ts';

const answer = {
  data: {
    source: {
      files: [
        { stage: 'PUBLISHED', count: 2 },
        { stage: 'QUARANTINED', count: 1 },
        { stage: 'FETCHING', count: 1 },
        { stage: 'DISCOVERED', count: 4 },
      ],
    },
    fetching: {
      nodes: [{ filename: 'yellow_tripdata_2024-03.parquet', progress: { chunks: 8, chunksDone: 4 } }],
    },
    loading: { nodes: [] },
    published: { nodes: [{ month: '2024-01' }, { month: null }, { month: '2024-02' }] },
  },
};

test('an answer of the gateway becomes what people want to know', () => {
  const files = readAnswer(answer);
  expect(files).toMatchObject({
    done: 3,
    published: 2,
    known: 8,
    newestMonth: '2024-02',
    quarantined: 1,
  });
  expect(describeProgress(files)).toBe(
    '3 of 8 files, 1 quarantined · yellow_tripdata_2024-03.parquet fetching, chunk 4 of 8',
  );
  expect(drawBar(files)).toBe(`${'█'.repeat(10)}${'░'.repeat(14)} ${describeProgress(files)}`);
});

test('an answer with errors and no data is refused', () => {
  expect(() => readAnswer({ errors: [{ message: 'no' }], data: null })).toThrow();
});
