/**
 * Servers as they are. Each file is fetched whole and right, or refused by its true name. `npm run test:habits` lets a whole
 * Tripline ingest them beside each other, too.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpIndexSource } from '../../sources/http-index-source.ts';
import { startTripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { fetchAsIngestion } from './fetch-as-ingestion.ts';
import { filenameOf, HABITS, startHabitServer, type HabitServer } from './habit-server.ts';

const CONTENT = Buffer.alloc(100_000, '0123456789abcdefg');
const QUICK = { headersMs: 2_000, windowMs: 2_000, bytesPerWindow: 1_000 };

describe('a file', () => {
  let server: HabitServer;
  beforeAll(async () => {
    server = await startHabitServer(() => CONTENT);
  });
  afterAll(() => server.close());

  it.each(HABITS.map(([name, { becomes }], index) => ({ name, becomes, index })))(
    '$name: $becomes',
    async ({ becomes, index }) => {
      const source = createHttpIndexSource({ url: server.url, patience: QUICK });
      const got = await fetchAsIngestion(source, filenameOf(index));
      if (becomes === 'loaded') expect(typeof got === 'string' ? got : got.equals(CONTENT)).toBe(true);
      else expect(typeof got === 'string' ? got : `${got.length} bytes were loaded`).toMatch(becomes);
    },
  );
});

const LONG = process.env['HABITS_TEST'] === 'long';
const ROWS = 500;

it.runIf(LONG)(
  'a whole Tripline loads what can be read, and names the rest',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-habits-'));
    const files: Buffer[] = [];
    for (const [index] of HABITS.entries()) {
      const path = join(folder, filenameOf(index));
      await writeTrips({ path, month: filenameOf(index).slice(16, 23), rows: ROWS + index, seed: index });
      files.push(readFileSync(path));
    }
    const server = await startHabitServer((index) => files[index] ?? Buffer.alloc(0));
    const tripline = await startTripline({
      sourceUrl: server.url,
      env: { POLL_SECONDS: '5', CHUNK_BYTES: '65536' },
    });
    try {
      const absent = HABITS.findIndex(([name]) => name === '404 although it is listed');
      const began = Date.now();
      const readable = HABITS.filter(([, { becomes }]) => becomes === 'loaded').length;
      await until(
        'all that can be read is published',
        async () => (await tripline.files()).filter(({ stage }) => stage === 'PUBLISHED').length === readable,
        { deadlineMs: 600_000, everyMs: 500 },
      );
      process.stdout.write(`${readable} files published in ${Date.now() - began} ms\n`);
      const settled = await tripline.settled(HABITS.length - 1, 600_000);
      process.stdout.write(`${settled.length} files settled in ${Date.now() - began} ms\n`);
      const ledger = HABITS.flatMap(([name, { becomes }], index) => {
        const file = settled.find(({ filename }) => filename === filenameOf(index));
        const isRight =
          becomes === 'loaded'
            ? file?.stage === 'PUBLISHED' && file.rows === ROWS + index
            : index === absent
              ? file === undefined
              : file?.stage === 'QUARANTINED' && becomes.test(file.reason ?? '');
        return isRight ? [] : [`${name}: ${file?.stage} ${file?.rows} ${file?.reason}`];
      });
      expect(ledger).toEqual([]);
      const { data } = await tripline.graphql<{ source: unknown }>(
        '{ source { origin { opened outcomes { throttled } } } }',
      );
      process.stdout.write(`${JSON.stringify(data)}\n`);
    } finally {
      await tripline.stop();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  900_000,
);
