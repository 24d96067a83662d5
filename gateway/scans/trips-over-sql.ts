/** The trips above a distance, page by page: by keyset, so that a page costs the same however far down it is. */
import { z } from 'zod';
import { count, int64, loadId, moment } from '../../warehouse/row-shapes.ts';
import { TRIP_COLUMNS, type ColumnType } from '../../warehouse/trip-columns.ts';

export type TripOrder = 'DISTANCE_DESC' | 'DISTANCE_ASC' | 'PICKUP_DESC' | 'PICKUP_ASC';

/** Where a trip stands in every order; no two trips stand at one place. */
export interface TripPlace {
  /** Miles. */
  distance: number;
  /** Microseconds since 1970, in decimal. */
  pickup: string;
  loadId: string;
  rowNumber: number;
}

const VALUES: Record<ColumnType, z.ZodType> = {
  timestamp: moment.nullable(),
  code: z.int().nullable(),
  count: z.int().nullable(),
  flag: z.string().nullable(),
  // Of a value that is no number JSON has null.
  distance: z.number().nullable(),
  amount: z.number().nullable(),
  degrees: z.number().nullable(),
};

/** A trip as it is read back: canonical columns, and its place. */
export type TripRow = Record<string, unknown> & {
  trip_distance: number;
  pickup_micros: string;
  load_id: string;
  row_number: number;
};

export const TRIP_ROW: z.ZodType<TripRow> = z.object({
  ...Object.fromEntries(TRIP_COLUMNS.map(({ name, type }) => [name, VALUES[type]])),
  trip_distance: z.number(),
  pickup_micros: int64,
  load_id: loadId,
  row_number: count,
});

/** Canonical columns, the unknown ones and where the trip was in its file. */
export const TRIP_SELECT = [...TRIP_COLUMNS.map(({ name }) => name), 'extra', 'row_number', 'load_id'].join(
  ', ',
);

/** A spreadsheet takes a cell that begins like this for a formula and runs it, quoted or not; the apostrophe makes room for our own. */
const RUN_BY_SPREADSHEETS = `^[=+\\-@\\t\\r\\n＝＋－＠'']`;

/**
 * The same for CSV, which spreadsheets open: a text that would be run, or begins with an apostrophe, has one more apostrophe in front. Who takes that
 * away again has the text of the file. Numbers, times and the map of unknown columns, which begins with a brace, are as they are.
 */
export const TRIP_SELECT_FOR_CSV = [
  ...TRIP_COLUMNS.map(({ name, type }) =>
    type === 'flag'
      ? `if(match(assumeNotNull(trips.${name}), '${RUN_BY_SPREADSHEETS}'), concat('''', trips.${name}), trips.${name}) AS ${name}`
      : name,
  ),
  'extra',
  'row_number',
  'load_id',
].join(', ');

const DISTANCE = { key: 'trip_distance', bound: '{after_distance:Float64}' };
const PICKUP = { key: 'toUnixTimestamp64Micro(tpep_pickup_datetime)', bound: '{after_pickup:Int64}' };
const ORDERS: Record<TripOrder, { keys: readonly { key: string; bound: string }[]; descending: boolean }> = {
  DISTANCE_DESC: { keys: [DISTANCE, PICKUP], descending: true },
  DISTANCE_ASC: { keys: [DISTANCE, PICKUP], descending: false },
  PICKUP_DESC: { keys: [PICKUP, DISTANCE], descending: true },
  PICKUP_ASC: { keys: [PICKUP, DISTANCE], descending: false },
};
const LAST_KEYS = [
  { key: 'load_id', bound: '{after_load:UUID}' },
  { key: 'row_number', bound: '{after_row:UInt64}' },
];

/** @param params takes the values to bind */
export function pageOfTripsSql(
  {
    condition,
    order,
    after,
    limit,
  }: { condition: string; order: TripOrder; after: TripPlace | undefined; limit: number },
  params: Record<string, unknown>,
): string {
  const { keys, descending } = ORDERS[order];
  const all = [...keys, ...LAST_KEYS];
  let beyond = '';
  if (after !== undefined) {
    Object.assign(params, {
      after_distance: after.distance,
      after_pickup: after.pickup,
      after_load: after.loadId,
      after_row: after.rowNumber,
    });
    const sides = [all.map(({ key }) => key), all.map(({ bound }) => bound)].map(
      (side) => `(${side.join(', ')})`,
    );
    beyond = ` AND ${sides.join(descending ? ' < ' : ' > ')}`;
  }
  const direction = descending ? ' DESC' : '';
  return `SELECT ${TRIP_SELECT}, toUnixTimestamp64Micro(tpep_pickup_datetime) AS pickup_micros
FROM trips WHERE ${condition}${beyond}
ORDER BY ${all.map(({ key }) => key + direction).join(', ')} LIMIT ${limit}`;
}
