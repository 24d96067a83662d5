/** The same question by other means on the same data and machine: what people would use instead. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Compared } from '../query.ts';
import type { Loaded } from './loaded.ts';
import { endOf, P90, rangeBetween, startOf } from './ranges.ts';

const run = promisify(execFile);
const DAY = 86_400_000;
const LIVE = `load_id IN (SELECT argMax(load_id, sequence) FROM loads WHERE kind = 'published' GROUP BY filename)`;

/** Best of three, in milliseconds, so that each has its caches warm. */
async function best<Value>(ask: () => Promise<Value>): Promise<{ ms: number; value: Value }> {
  let found: { ms: number; value: Value } | undefined;
  for (let round = 0; round < 3; round += 1) {
    const began = performance.now();
    const value = await ask();
    const ms = performance.now() - began;
    if (found === undefined || ms < found.ms) found = { ms, value };
  }
  if (found === undefined) throw new Error('nothing was asked');
  return found;
}

const PANDAS = `
import sys, time, json, pandas
paths, start, end = json.loads(sys.argv[1])
frame = pandas.concat(pandas.read_parquet(path, columns=['tpep_pickup_datetime', 'trip_distance']) for path in paths)
best = None
for _ in range(3):
    began = time.perf_counter()
    inside = frame[(frame.tpep_pickup_datetime >= start) & (frame.tpep_pickup_datetime < end)]
    value = inside.trip_distance.quantile(0.9, interpolation='nearest')
    took = (time.perf_counter() - began) * 1000
    best = took if best is None else min(best, took)
print(json.dumps({'ms': best, 'value': value, 'trips': len(inside)}))
`;

/** Of days, so that pre-aggregated sketches can answer at all. */
export async function measurePeers({ warehouse, paths, months, startGateway }: Loaded): Promise<Compared[]> {
  const [first, last] = [startOf(months[0] ?? ''), endOf(months.at(-1) ?? '')];
  const range = rangeBetween(first + 9 * DAY, last - 11 * DAY);
  const params = { from: range.from.replace('T', ' '), to: range.to.replace('T', ' ') };
  const gateway = await startGateway();
  const compared: Compared[] = [];
  try {
    await gateway.ask(P90, { ...range });
    const ours = await best(() => gateway.ask<{ p90: { value: number; trips: number } }>(P90, { ...range }));
    const exact = ours.value.p90.value;
    const add = (against: string, ms: number, value: number) => {
      const error = value === exact ? 'equal' : `off by ${(100 * (value / exact - 1)).toFixed(3)} %`;
      compared.push({
        question: 'p90 of whole days, all months but the ends',
        tripline: `${ours.ms.toFixed(2)} ms, ${exact}`,
        against: `${against}: ${ms.toFixed(1)} ms, ${value} (${error})`,
        ratio: `${(ms / ours.ms).toFixed(0)} ×`,
        target: 'reported',
      });
    };

    const sql = await best(async () => {
      const [row] = await warehouse.rows<{ value: number }>(
        `SELECT quantileExactWeighted(0.9)(trip_distance, 1) AS value FROM trips WHERE ${LIVE}
         AND tpep_pickup_datetime >= {from:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {to:DateTime64(6, 'UTC')}`,
        { params },
      );
      return row?.value ?? NaN;
    });
    add('ClickHouse, quantileExactWeighted over the trips', sql.ms, sql.value);

    await warehouse.command('DROP TABLE IF EXISTS bench_digests');
    await warehouse.command(
      `CREATE TABLE bench_digests (day Date32, digest AggregateFunction(quantileTDigest(0.9), Float64)) ENGINE = AggregatingMergeTree ORDER BY day`,
    );
    await warehouse.command(
      `INSERT INTO bench_digests SELECT toDate32(tpep_pickup_datetime) AS day, quantileTDigestState(0.9)(trip_distance) FROM trips WHERE ${LIVE} GROUP BY day`,
      { settings: { max_partitions_per_insert_block: '0' } },
    );
    const digest = await best(async () => {
      const [row] = await warehouse.rows<{ value: number }>(
        `SELECT quantileTDigestMerge(0.9)(digest) AS value FROM bench_digests WHERE day >= toDate32({from:String}) AND day < toDate32({to:String})`,
        { params: { from: range.from.slice(0, 10), to: range.to.slice(0, 10) } },
      );
      return row?.value ?? NaN;
    });
    await warehouse.command('DROP TABLE bench_digests');
    add('ClickHouse, t-digest states by day', digest.ms, digest.value);

    const instance = await DuckDBInstance.create(':memory:', { threads: String(availableParallelism()) });
    const connection = await instance.connect();
    const list = paths.map((path) => `'${path}'`).join(', ');
    const duck = await best(async () => {
      const result = await connection.runAndReadAll(
        `SELECT quantile_disc(trip_distance, 0.9) FROM read_parquet([${list}], union_by_name = true)
         WHERE tpep_pickup_datetime >= '${range.from}' AND tpep_pickup_datetime < '${range.to}'`,
      );
      return Number(result.getRows()[0]?.[0]);
    });
    connection.closeSync();
    instance.closeSync();
    add('DuckDB over the Parquet files', duck.ms, duck.value);

    const pandas = await run('python3', ['-c', PANDAS, JSON.stringify([paths, range.from, range.to])], {
      maxBuffer: 2 ** 20,
    }).then(
      ({ stdout }) => JSON.parse(stdout) as { ms: number; value: number },
      () => undefined,
    );
    if (pandas === undefined) console.info('pandas with pyarrow is not there: left out');
    else add('pandas, all trips in memory already', pandas.ms, pandas.value);
    return compared;
  } finally {
    await gateway.stop();
  }
}
