/** A lake on a real S3 server, and the engine that reads from it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLake } from '../../lake/open-lake.ts';
import { LakeLostError, type Lake } from '../../lake/lake.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const MIB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'tripline-s3-lake-'));
let server: S3Server;
let lake: Lake;

beforeAll(async () => {
  server = await startS3Server();
  lake = openLake({
    location: { kind: 's3', bucket: server.bucket, prefix: 'lake/' },
    s3: { endpoint: server.endpoint, region: 'us-east-1' },
  });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function* inPieces(bytes: Buffer, pieceBytes = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes);
    yield new Uint8Array();
  }
}

const contentOf = (sizeBytes: number) => Buffer.alloc(sizeBytes, `of ${sizeBytes} bytes; `);

/** A file of 5 MiB chunks, the last one smaller, under way in a lake. */
async function begin(filename: string, { into = lake, sizeBytes = 11 * MIB } = {}) {
  const content = contentOf(sizeBytes);
  const key = into.key({ source: 'yellow', filename, version: '"1"' });
  const starts = Array.from({ length: Math.ceil(sizeBytes / (5 * MIB)) }, (_, id) => id * 5 * MIB);
  const uploadId = await into.begin({ key, chunks: starts.length });
  const chunk = (chunkId: number, bytes: AsyncIterable<Uint8Array>, readable = false) => {
    const start = starts[chunkId] ?? 0;
    const end = Math.min(start + 5 * MIB, sizeBytes);
    return { key, uploadId, chunkId, start, sizeBytes: end - start, fileBytes: sizeBytes, readable, bytes };
  };
  const write = (chunkId: number, readable = false) => {
    const start = starts[chunkId] ?? 0;
    const bytes = inPieces(content.subarray(start, start + 5 * MIB));
    return into.writeChunk(chunk(chunkId, bytes, readable));
  };
  const assemble = () => into.assemble({ key, uploadId, sizeBytes });
  return { content, key, uploadId, sizeBytes, chunk, write, assemble };
}

describe.each([
  ['S3', () => lake],
  ['a folder', () => createFolderLake({ path: join(folder, 'lake') })],
])('on %s', (_, make) => {
  let into: Lake;
  beforeAll(() => {
    into = make();
  });

  it('chunks come in any order, some twice, and make a whole', async () => {
    const file = await begin('any-order', { into });
    expect(await file.write(2, true)).toBe(1 * MIB);
    await Promise.all([file.write(1), file.write(0), file.write(1)]);
    expect(await into.sizeOf(file.key)).toBeUndefined();
    await file.assemble();
    expect(await into.sizeOf(file.key)).toBe(file.sizeBytes);
    // A late attempt whose answer was lost asks again.
    await file.assemble();
    const whole = await into.read({ key: file.key, range: { start: 0, end: file.sizeBytes } });
    expect(file.content.equals(whole)).toBe(true);
    expect((await into.partials()).filter(({ key }) => key === file.key)).toEqual([]);
  });

  it('what was written readable is read before the file is whole', async () => {
    const file = await begin('tail', { into });
    await file.write(2, true);
    await file.write(1, true);
    const tail = await into.read({
      key: file.key,
      range: { start: 5 * MIB + 17, end: file.sizeBytes },
    });
    expect(file.content.subarray(5 * MIB + 17).equals(tail)).toBe(true);
  });

  it('a chunk that comes short or fails is not written', async () => {
    const file = await begin('short', { into });
    await file.write(2, true);
    await file.write(1);
    const failing = async function* () {
      yield Buffer.alloc(MIB);
      throw new Error('the source went away');
    };
    await expect(into.writeChunk(file.chunk(0, failing()))).rejects.toThrow('the source went away');
    if (into === lake)
      await expect(into.writeChunk(file.chunk(0, inPieces(Buffer.alloc(MIB))))).rejects.toThrow(
        `${MIB} of ${5 * MIB} bytes arrived`,
      );
    expect(await into.sizeOf(file.key)).toBeUndefined();
    await file.write(0);
    await file.assemble();
    const whole = await into.read({ key: file.key, range: { start: 0, end: file.sizeBytes } });
    expect(file.content.equals(whole)).toBe(true);
  });

  it('a file with chunks missing, and one that was discarded, are lost and can be begun anew', async () => {
    const file = await begin('discarded', { into });
    await file.write(0);
    await expect(file.assemble()).rejects.toThrow(LakeLostError);
    const ours = (await into.partials()).filter(({ key }) => key === file.key);
    expect(ours).toHaveLength(1);
    expect(Math.abs(Date.now() - (ours[0]?.touchedAtMs ?? 0))).toBeLessThan(60_000);
    for (const partial of ours) {
      await into.discard(partial);
      await into.discard(partial);
    }
    expect((await into.partials()).filter(({ key }) => key === file.key)).toEqual([]);
    await expect(file.assemble()).rejects.toThrow(LakeLostError);
    await expect(into.read({ key: file.key, range: { start: 0, end: 5 } })).rejects.toThrow(LakeLostError);
    const anew = await begin('discarded', { into });
    await Promise.all([anew.write(0), anew.write(1), anew.write(2)]);
    await anew.assemble();
    expect(await into.sizeOf(file.key)).toBe(file.sizeBytes);
  });

  it('a file of one chunk needs no more', async () => {
    const file = await begin('small', { into, sizeBytes: 1_000 });
    expect(file.uploadId).toBeUndefined();
    await file.write(0, true);
    const bytes = await into.read({ key: file.key, range: { start: 990, end: 1_000 } });
    expect(file.content.subarray(990).equals(bytes)).toBe(true);
    await file.assemble();
    expect(await into.sizeOf(file.key)).toBe(1_000);
  });
});

it('a chunk for an upload that is gone is lost, not tried for ever', async () => {
  const file = await begin('gone');
  await file.write(2, true);
  for (const partial of await lake.partials()) if (partial.key === file.key) await lake.discard(partial);
  await expect(file.write(1)).rejects.toThrow(LakeLostError);
  await expect(
    lake.writeChunk({ ...file.chunk(1, inPieces(Buffer.alloc(5))), uploadId: undefined }),
  ).rejects.toThrow(LakeLostError);
});

describe('the engine', () => {
  let engine: EngineProcess;
  let warehouse: Warehouse;
  beforeAll(async () => {
    engine = await startEngineProcess(join(folder, 'clickhouse'));
    warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  });
  afterAll(async () => {
    await warehouse?.close();
    await engine?.stop();
  });

  it('reads a file from it, and never says its secret', async () => {
    const path = join(folder, 'trips.parquet');
    await writeTrips({ path, month: '2022-03', rows: 10_000 });
    const bytes = readFileSync(path);
    const key = lake.key({ source: 'yellow', filename: 'trips.parquet', version: '"1"' });
    const sizeBytes = bytes.length;
    const whole = { key, uploadId: undefined, chunkId: 0, start: 0, sizeBytes, fileBytes: sizeBytes };
    await lake.writeChunk({ ...whole, readable: false, bytes: inPieces(bytes) });
    const { sql, params } = await lake.tableFunction(key);
    const [counted] = await warehouse.rows<{ trips: string }>(`SELECT count() AS trips FROM ${sql}`, {
      params,
    });
    expect(Number(counted?.trips)).toBe(10_000);

    await warehouse.command('CREATE TABLE taken (trip_distance Float64) ENGINE = MergeTree ORDER BY tuple()');
    await warehouse.command(`INSERT INTO taken SELECT trip_distance FROM ${sql}`, { params });
    const [taken] = await warehouse.rows<{ trips: string }>('SELECT count() AS trips FROM taken');
    expect(Number(taken?.trips)).toBe(10_000);

    const secret = server.env['AWS_SECRET_ACCESS_KEY'] ?? '';
    expect(sql).not.toContain(secret);
    const mistaken = [`SELECT nothing_of_it FROM ${sql}`, `SELECT throwIf(1) FROM ${sql}`];
    for (const statement of mistaken) {
      const said = await warehouse.rows(statement, { params }).catch(String);
      expect(said).toContain('Error');
      expect(said).not.toContain(secret);
    }
    const [running] = await warehouse.rows<{ query: string }>(
      `SELECT query FROM system.processes WHERE (SELECT count() FROM ${sql}) > 0`,
      { params },
    );
    expect(running?.query).not.toContain(secret);
    expect(engine.lines.join('\n')).not.toContain(secret);
  });
});
