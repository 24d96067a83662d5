/** Cases written by hyparquet-writer, added to `manifest.json`. Arguments: the folder, and the `node_modules` where the writer is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, packages] = process.argv;
const { parquetWriteFile } = await import(
  pathToFileURL(join(packages, 'hyparquet-writer', 'src', 'node.js')).href
);
const ROWS = 60;
const START = Date.UTC(2020, 0, 3, 5);
const rows = Array.from({ length: ROWS }, (_, row) => row);
const pickups = rows.map((row) => new Date(START + row * 3_601_000));
const distances = rows.map((row) => (row * 37 + 5) / 100);
const text = (moment) => moment.toISOString().replace('T', ' ').slice(0, 19);

const trips = [
  { name: 'tpep_pickup_datetime', data: pickups, type: 'TIMESTAMP' },
  { name: 'trip_distance', data: distances, type: 'DOUBLE' },
  { name: 'VendorID', data: rows.map((row) => 1 + (row % 2)), type: 'INT32' },
];
const put = (name, column) => trips.map((one) => (one.name === name ? { name, ...column } : one));

/**
 * A case is one line: name, columns, what must be noted, options of the writer.
 * @type {[name: string, columns: object[], drift: string[], options?: object][]}
 */
const CASES = [
  ['hyparquet', trips, []],
  ['hyparquet_uncompressed', trips, [], { codec: 'UNCOMPRESSED' }],
  ['hyparquet_no_statistics', trips, [], { statistics: false }],
  ['hyparquet_row_groups', trips, [], { rowGroupSize: 13 }],
  ['hyparquet_text_times', put('tpep_pickup_datetime', { data: pickups.map(text), type: 'STRING' }), []],
  [
    'hyparquet_text_iso',
    put('tpep_pickup_datetime', { data: pickups.map((moment) => moment.toISOString()), type: 'STRING' }),
    ['TEXT_SHAPE'],
  ],
  ['hyparquet_text_distance', put('trip_distance', { data: distances.map(String), type: 'STRING' }), []],
  [
    'hyparquet_big_integers',
    put('VendorID', { data: rows.map((row) => BigInt(1 + (row % 2))), type: 'INT64' }),
    [],
  ],
  [
    'hyparquet_json_beside',
    [...trips, { name: 'note', data: rows.map((row) => ({ row })), type: 'JSON' }],
    ['NEW_COLUMN'],
  ],
];

const path = join(folder, 'manifest.json');
const manifest = JSON.parse(readFileSync(path, 'utf8'));
for (const [name, columnData, drift, options = {}] of CASES) {
  const file = `${name}.parquet`;
  parquetWriteFile({ filename: join(folder, file), columnData, ...options });
  const expected = {
    tpep_pickup_datetime: pickups.map((moment) => moment.getTime() * 1_000),
    trip_distance: distances,
    VendorID: rows.map((row) => 1 + (row % 2)),
  };
  manifest.push({ name, file, month: '2020-01', drift, readers: {}, expected });
}
writeFileSync(path, JSON.stringify(manifest));
