import { readFileSync } from 'node:fs';
import { judgeFile } from '../../warehouse/judge-file.ts';
import { loadFile } from '../../warehouse/load-file.ts';
import { readFooter } from '../../warehouse/footer.ts';
import { proveFileSql } from '../../warehouse/load-sql.ts';
import { surveyTextTimes } from '../../warehouse/survey-text-times.ts';
import { TRIP_COLUMNS } from '../../warehouse/trip-columns.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

type Value = number | string | null;

export interface CorpusCase {
  name: string;
  file: string;
  /** Of its trips, `YYYY-MM`. */
  month: string;
  /** Kinds that must be noted. */
  drift: string[];
  /** What pyarrow and DuckDB make of it: rows, or why not. */
  readers: Record<string, number | string>;
  /** The code that it is refused by. */
  refused?: string;
  /** By canonical column, in the file's order; moments in microseconds. */
  expected?: Record<string, Value[]>;
}

export interface Verdict {
  outcome: 'loaded' | 'refused' | 'wrong';
  detail: string;
}

const DEADLINE_MS = 60_000;

export async function judgeCase(
  { month, drift: wanted, refused, expected = {} }: CorpusCase,
  { warehouse, path, loadId }: { warehouse: Warehouse; path: string; loadId: string },
): Promise<Verdict> {
  const wrong = (detail: string): Verdict => ({ outcome: 'wrong', detail });
  const bytes = readFileSync(path);
  const whole = {
    sizeBytes: bytes.length,
    read: (start: number, end: number) => Promise.resolve(new Uint8Array(bytes.subarray(start, end))),
  };
  const file = { sql: `file({lake_path:String}, 'Parquet')`, params: { lake_path: path } };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    const judged = await judgeFile(whole, { month });
    if ('refusal' in judged) return refusedAs(judged.refusal, refused);
    const { schema, drift: ofTexts } = await surveyTextTimes(warehouse, {
      schema: judged.schema,
      file,
      signal,
    });
    const load = await loadFile({
      warehouse,
      file,
      schema,
      loadId,
      source: 'corpus',
      filename: path,
      version: '1',
      month,
      signal,
    });
    if ('code' in load) return refusedAs(load, refused);
    if (refused !== undefined) return wrong(`loaded, though it is to be refused as ${refused}`);
    const footer = await readFooter({ ...whole, month });
    const known = footer.kind === 'good' ? footer.schema.drift : [];
    const drift = [...known, ...ofTexts];
    const missing = wanted.filter((kind) => !drift.some((one) => one.kind === kind));
    if (missing.length > 0) return wrong(`no drift of ${missing.join(', ')}: ${JSON.stringify(drift)}`);
    const proven = await warehouse.rows<{ checksum: string }>(proveFileSql(schema, file), {
      params: file.params,
    });
    if (proven[0]?.checksum !== load.proof.checksum) return wrong('the checksum is not that of the file');
    const difference = await firstDifference(warehouse, loadId, expected);
    return difference === undefined ? { outcome: 'loaded', detail: `${load.rows} trips` } : wrong(difference);
  } catch (error) {
    return wrong(error instanceof Error ? error.message.slice(0, 500) : String(error));
  }
}

function refusedAs(
  { code, message }: { code: string; message: string },
  expected: string | undefined,
): Verdict {
  const detail = `${code}: ${message}`;
  return { outcome: code === expected ? 'refused' : 'wrong', detail };
}

/** Rows without a pickup or a distance are no trips. */
async function firstDifference(
  warehouse: Warehouse,
  loadId: string,
  expected: Readonly<Record<string, Value[]>>,
): Promise<string | undefined> {
  const columns = TRIP_COLUMNS.filter(({ name }) => name in expected);
  const selected = columns.map(({ name, type }) =>
    type === 'timestamp' ? `toUnixTimestamp64Micro(${name})` : name,
  );
  const found = await warehouse.rows<Record<string, Value>>(
    `SELECT row_number, ${selected.map((sql, index) => `${sql} AS v${index}`).join(', ')}
     FROM trips WHERE load_id = {load_id:UUID} ORDER BY row_number`,
    { params: { load_id: loadId }, settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  const rows = expected['trip_distance']?.length ?? 0;
  const valueOf = (name: string, row: number) => expected[name]?.[row] ?? null;
  const trips = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => valueOf('tpep_pickup_datetime', row) !== null && valueOf('trip_distance', row) !== null,
  );
  if (found.length !== trips.length) return `${found.length} trips of ${trips.length}`;
  for (const [index, row] of trips.entries()) {
    for (const [column, { name, type }] of columns.entries()) {
      const written = found[index]?.[`v${column}`] ?? null;
      const value = written === null || type === 'flag' ? written : Number(written);
      if (value !== valueOf(name, row)) return `row ${row}: ${name} is ${value}, not ${valueOf(name, row)}`;
    }
  }
  return undefined;
}
