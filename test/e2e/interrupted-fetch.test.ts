/** A fetch that is interrupted half-way: by the end of its worker, and by the cancellation of its workflow. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ingestId } from '../../workflows/messages.ts';
import { startHeldServer, type HeldServer } from '../support/held-server.ts';
import { createOracle } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

/** The worker's grace, the SDK's force time after it, and what the process itself takes to end. */
const ENDS_WITHIN_MS = 6_500;
/** Heartbeats come every 2 s and are sent at most every 2 s. */
const CANCELLED_WITHIN_MS = 6_000;

const folder = mkdtempSync(join(tmpdir(), 'tripline-interrupted-'));
let server: HeldServer;
let tripline: Tripline;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  server = await startHeldServer(folder);
  tripline = await startTripline({
    sourceUrl: server.url,
    env: { POLL_SECONDS: '1', CHUNK_BYTES: '65536' },
  });
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A file of several chunks appears; its bodies stop half-way. */
async function fileHeldHalfWay(month: string): Promise<{ filename: string; path: string }> {
  const filename = `yellow_tripdata_${month}.parquet`;
  const path = join(folder, filename);
  server.hold(filename);
  await writeTrips({ path, month, rows: 20_000 });
  await until('a chunk is on its way', () => server.held(filename) > 0);
  return { filename, path };
}

it('SIGTERM lets the worker end within its grace; the chunk is fetched again, and every trip is there once', async () => {
  const { filename, path } = await fileHeldHalfWay('2022-03');
  const [interrupted] = server.ranges(filename);
  const { pid } = tripline.part('worker');
  process.kill(pid, 'SIGTERM');
  const told = Date.now();
  await until('the worker has ended', () => !isRunning(pid), { deadlineMs: ENDS_WITHIN_MS, everyMs: 20 });
  console.info(
    `the worker ended ${Date.now() - told} ms after SIGTERM, ${server.givenUp(filename)} fetch given up`,
  );
  expect(server.givenUp(filename)).toBe(1);

  await until('the chunk is asked for again', () => server.held(filename) > 0);
  expect(server.ranges(filename)).toEqual([interrupted, interrupted]);
  server.release(filename);
  // The file of another test may stand half-way for ever.
  const file = await until(
    'it is published',
    async () =>
      (await tripline.files()).find((each) => each.filename === filename && each.stage === 'PUBLISHED'),
    { deadlineMs: 60_000 },
  );
  expect(file).toMatchObject({ rows: 20_000, rejected: 0 });
  const ranges = server.ranges(filename);
  expect(ranges.filter((range) => range !== interrupted)).toHaveLength(new Set(ranges).size - 1);
  const oracle = await createOracle([path]);
  const { value, trips, tripsOver } = await tripline.p90();
  expect({ value, trips, tripsOver }).toEqual(await oracle.p90({}));
  oracle.close();
}, 90_000);

it('cancelling an ingestion closes its connection to the source within seconds', async () => {
  const { filename } = await fileHeldHalfWay('2022-04');
  const ingestion = client.workflow.getHandle(ingestId('yellow', filename));
  const before = await tripline.p90();
  await ingestion.cancel();
  const told = Date.now();
  await until('the request is given up', () => server.givenUp(filename) === 1, {
    deadlineMs: CANCELLED_WITHIN_MS,
    everyMs: 20,
  });
  console.info(`the origin saw its connection closed ${Date.now() - told} ms after the cancellation`);
  await until(
    'the workflow is cancelled',
    async () => (await ingestion.describe()).status.name === 'CANCELLED',
  );
  expect(await tripline.p90()).toEqual(before);
}, 60_000);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
