/** From 3 to 200 months: what grows with the data, and what must not. Histograms of one month, written again and again; no trips. */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { startEngineProcess } from '../../test/integration/engine-process.ts';
import { until } from '../../test/support/until.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { monthsFrom } from '../months.ts';
import type { Compared } from '../query.ts';
import type { Gateway, Loaded } from './loaded.ts';
import { P90 } from './ranges.ts';

const SIZES = [3, 12, 48, 200];
/** Each month has these days of the one it is made of. */
const DAYS = 28;
const SETTINGS = { max_partitions_per_insert_block: '0' };

/** One month's histograms, as Parquet. */
async function exportMonth({ warehouse, months }: Loaded, folder: string): Promise<void> {
  const month = `${months[0]}-01`;
  for (const [table, column] of [
    ['trips_by_day', 'day'],
    ['trips_by_hour', 'hour'],
  ] as const) {
    const sql = `SELECT * EXCEPT (load_id) FROM ${table} WHERE load_id = (SELECT argMax(load_id, sequence) FROM loads WHERE kind = 'published' AND filename LIKE {name:String})
      AND ${column} >= toDate32({month:String}) AND ${column} < addDays(toDate32({month:String}), ${DAYS}) FORMAT Parquet`;
    const stream = await warehouse.stream(sql, { params: { month, name: `%${months[0]}%` } });
    await pipeline(stream, createWriteStream(join(folder, `${table}.parquet`)));
  }
}

/** @param hours whether its hours are written too: only those of the months that are cut are ever read */
async function addMonth(
  warehouse: Warehouse,
  {
    folder,
    base,
    month,
    sequence,
    hours,
  }: { folder: string; base: string; month: string; sequence: number; hours: boolean },
): Promise<void> {
  const load_id = randomUUID();
  const days = (Date.parse(`${month}-01`) - Date.parse(`${base}-01`)) / 86_400_000;
  const params = {
    load_id,
    days,
    by_day: join(folder, 'trips_by_day.parquet'),
    by_hour: join(folder, 'trips_by_hour.parquet'),
  };
  await warehouse.command(
    `INSERT INTO trips_by_day SELECT toDate32(addDays(day, {days:Int32})), {load_id:UUID}, trip_distance, trips FROM file({by_day:String}, 'Parquet')`,
    { params, settings: SETTINGS },
  );
  if (hours)
    await warehouse.command(
      `INSERT INTO trips_by_hour SELECT addDays(toDateTime64(hour, 0, 'UTC'), {days:Int32}), {load_id:UUID}, trip_distance, trips FROM file({by_hour:String}, 'Parquet')`,
      { params, settings: SETTINGS },
    );
  await warehouse.command(
    `INSERT INTO loads (sequence, kind, source, filename, load_id, version, rows, rejected, days, data_through, proof)
     SELECT {sequence:UInt64}, 'published', 'yellow', {filename:String}, {load_id:UUID}, '1', sum(n), 0, CAST((groupArray(day), groupArray(n)), 'Map(Date32, UInt32)'), NULL, '{}'
     FROM (SELECT day, toUInt32(sum(trips)) AS n FROM trips_by_day WHERE load_id = {load_id:UUID} GROUP BY day)`,
    { params: { load_id, sequence, filename: `yellow_tripdata_${month}.parquet` } },
  );
}

interface Answer {
  p90: { value: number; trips: number; dataVersion: number };
}

async function medianMs(gateway: Gateway, range: { from?: string; to?: string }): Promise<string> {
  const times: number[] = [];
  for (let round = 0; round < 101; round += 1) {
    const began = performance.now();
    await gateway.ask(P90, range);
    times.push(performance.now() - began);
  }
  return `${times.toSorted((a, b) => a - b)[50]?.toFixed(2)} ms`;
}

export async function measureGrowth(loaded: Loaded): Promise<Compared[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-growth-'));
  const compared: Compared[] = [];
  const engine = await startEngineProcess(join(folder, 'clickhouse'));
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  try {
    await migrate(warehouse);
    await exportMonth(loaded, folder);
    const base = loaded.months[0] ?? '';
    const months = monthsFrom('2009-01', SIZES.at(-1)! + SIZES.length);
    // Cut to the hour at both ends, in the first months.
    const fixed = { from: '2009-01-05T07:00:00', to: '2009-03-20T17:00:00' };
    let there = 0;
    const add = async () => {
      await addMonth(warehouse, {
        folder,
        base,
        month: months[there]!,
        sequence: there + 1,
        hours: there < 3,
      });
      there += 1;
    };
    for (const size of SIZES) {
      while (there < size) await add();
      const began = performance.now();
      const gateway = await loaded.startGateway({
        CLICKHOUSE_URL: engine.as('gateway'),
        LADDER_MEMORY_MB: '2048',
      });
      try {
        const ready = performance.now() - began;
        const all = await gateway.ask<Answer>(P90, {});
        const answering = performance.now() - began;
        await gateway.ask(P90, fixed);
        const [fixedMs, allMs] = [await medianMs(gateway, fixed), await medianMs(gateway, {})];
        await gateway.longestTurnMs();
        await add();
        const published = performance.now();
        await until(
          'the publication is counted',
          async () => (await gateway.ask<Answer>(P90, {})).p90.dataVersion === there,
          { deadlineMs: 60_000, everyMs: 5 },
        );
        const counted = performance.now() - published;
        const turn = await gateway.longestTurnMs();
        compared.push({
          question: `${size} months, ${Math.round(all.p90.trips / 1e6)} million trips`,
          tripline: `ready ${Math.round(ready)} ms, all answered ${Math.round(answering)} ms; ${gateway.peakMegabytes()} MB`,
          against: `2½ months to the hour ${fixedMs}; everything ${allMs}`,
          ratio: `publication counted after ${Math.round(counted)} ms, longest turn ${turn.toFixed(0)} ms`,
          target: 'reported',
        });
      } finally {
        await gateway.stop();
      }
    }
    return compared;
  } finally {
    await warehouse.close();
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
