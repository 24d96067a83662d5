/**
 * One month of every era of TLC's files, from a folder, and the first and the last over HTTP, as how an era is read does not depend on the way that its file
 * came: every answer is DuckDB's. `signals.test.ts` reads an HTTP index.
 */
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateMonth } from '../../sources/demo/generate-month.ts';
import { startEngineProcess } from '../integration/engine-process.ts';
import { expectEqualAnswers, randomRanges } from '../support/compare.ts';
import { startFileServer } from '../support/file-server.ts';
import { createOracle } from '../support/oracle.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { startTripline } from '../support/tripline.ts';

/** One a row of the table of eras in the documentation of the schema contract. */
const MONTHS = [
  '2009-01',
  '2010-02',
  '2010-05',
  '2015-06',
  '2018-08',
  '2019-03',
  '2022-05',
  '2023-05',
  '2024-08',
  '2025-01',
];
const ROWS = 5_000;
const RANGES = Number(process.env['TRIPLINE_TEST_RANGES'] ?? 120);

const folder = mkdtempSync(join(tmpdir(), 'tripline-eras-'));
/** Bigger months in the same schemas can be put to the same test: a folder of files made elsewhere. */
const made = process.env['TRIPLINE_TEST_MONTHS'];

beforeAll(async () => {
  if (made === undefined) {
    const engine = await startEngineProcess(join(folder, 'clickhouse'));
    for (const month of MONTHS) {
      const path = join(folder, `yellow_tripdata_${month}.parquet`);
      await generateMonth({
        engineUrl: engine.as('reader'),
        month,
        rows: ROWS,
        seed: 1,
        path,
        signal: AbortSignal.timeout(60_000),
      });
    }
    await engine.stop();
    rmSync(join(folder, 'clickhouse'), { recursive: true });
  } else {
    for (const name of readdirSync(made)) copyFileSync(join(made, name), join(folder, name));
  }
  if (hasSharedData) {
    copyFileSync(
      join(SHARED_DATA, 'yellow_2022-01_sample100k.parquet'),
      join(folder, 'yellow_tripdata_2022-01.parquet'),
    );
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['folder', 'HTTP template'])('from a %s', (kind) => {
  it('each era alone and all together answer as DuckDB does', { timeout: 300_000 }, async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
    const names = kind === 'folder' ? files : [files.toSorted()[0]!, files.toSorted().at(-1)!];
    const served = join(folder, kind);
    mkdirSync(served);
    for (const name of names) linkSync(join(folder, name), join(served, name));
    const server = await startFileServer(served);
    const sourceUrl = {
      folder: `file://${encodeURI(served)}`,
      'HTTP template': `${server.url}yellow_tripdata_{month}.parquet`,
    }[kind];
    const tripline = await startTripline({
      sourceUrl: sourceUrl ?? '',
      env: { POLL_SECONDS: '1', CHUNK_BYTES: '131072', SOURCE_FROM: '2009-01' },
    });
    try {
      const settled = await tripline.settled(names.length, 120_000);
      expect(settled.filter(({ stage }) => stage !== 'PUBLISHED')).toEqual([]);
      const paths = names.map((name) => join(folder, name));
      const all = await createOracle(paths);
      const count = kind === 'folder' ? RANGES : Math.ceil(RANGES / 4);
      await expectEqualAnswers(tripline, all, await randomRanges(all, count, 1));
      for (const path of paths) {
        const era = await createOracle([path]);
        // The month alone: where no other file has strays.
        const month = /\d{4}-\d{2}/.exec(path)?.[0] ?? '';
        const inMonth = (moment: string | undefined): boolean => moment?.startsWith(month) ?? false;
        const ranges = (await randomRanges(era, 2 * RANGES, 2)).filter(
          ({ from, to }) => inMonth(from) && inMonth(to),
        );
        await expectEqualAnswers(tripline, all, ranges.slice(0, Math.ceil(count / 10)));
        era.close();
      }
      all.close();
      if (kind !== 'folder') {
        const bytes = names.reduce((sum, name) => sum + server.sizeOf(name), 0);
        // Before a file is read, GET is asked for its first byte alone: HEAD may be answered by another part of a server.
        expect(server.bytesSent()).toBe(bytes + names.length);
      }
    } finally {
      await tripline.stop();
      await server.close();
    }
  });
});
