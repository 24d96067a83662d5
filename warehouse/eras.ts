/**
 * What TLC's yellow files look like, month by month, as read from 188 real footers (2009-01 … 2024-08) and samples of 2025:
 * which columns with which physical types. Data to compare a file with; a file that differs is still loaded where it can be.
 */
import type { PhysicalType } from './physical-type.ts';

export interface Era {
  /** First month, `YYYY-MM`; an era lasts until the next one begins. */
  from: string;
  /** Columns by name, exactly; several types where TLC wrote now one, now another. A column of nulls alone fits any. */
  columns: Readonly<Record<string, PhysicalType | readonly PhysicalType[]>>;
}

const FARES = {
  fare_amount: 'double',
  extra: 'double',
  mta_tax: 'double',
  tip_amount: 'double',
  tolls_amount: 'double',
  improvement_surcharge: 'double',
  total_amount: 'double',
  congestion_surcharge: 'double',
} as const;

const OF_2009 = {
  vendor_name: 'text',
  Trip_Pickup_DateTime: 'text',
  Trip_Dropoff_DateTime: 'text',
  Passenger_Count: 'int64',
  Trip_Distance: 'double',
  Start_Lon: 'double',
  Start_Lat: 'double',
  Rate_Code: 'double',
  store_and_forward: 'double',
  End_Lon: 'double',
  End_Lat: 'double',
  Payment_Type: 'text',
  Fare_Amt: 'double',
  surcharge: 'double',
  mta_tax: 'double',
  Tip_Amt: 'double',
  Tolls_Amt: 'double',
  Total_Amt: 'double',
} as const;

const OF_2010 = {
  vendor_id: 'text',
  pickup_datetime: 'text',
  dropoff_datetime: 'text',
  passenger_count: 'int64',
  trip_distance: 'double',
  pickup_longitude: 'double',
  pickup_latitude: 'double',
  rate_code: 'text',
  store_and_fwd_flag: 'text',
  dropoff_longitude: 'double',
  dropoff_latitude: 'double',
  payment_type: 'text',
  fare_amount: 'double',
  surcharge: 'double',
  mta_tax: 'double',
  tip_amount: 'double',
  tolls_amount: 'double',
  total_amount: 'double',
} as const;

const SINCE_2011 = {
  VendorID: 'int64',
  tpep_pickup_datetime: 'timestamp_us',
  tpep_dropoff_datetime: 'timestamp_us',
  passenger_count: 'int64',
  trip_distance: 'double',
  RatecodeID: 'int64',
  store_and_fwd_flag: 'text',
  PULocationID: 'int64',
  DOLocationID: 'int64',
  payment_type: 'int64',
  ...FARES,
  airport_fee: 'double',
} as const;

const SINCE_2023 = {
  VendorID: 'int32',
  tpep_pickup_datetime: 'timestamp_us',
  tpep_dropoff_datetime: 'timestamp_us',
  passenger_count: 'int64',
  trip_distance: 'double',
  RatecodeID: 'int64',
  store_and_fwd_flag: 'text',
  PULocationID: 'int32',
  DOLocationID: 'int32',
  payment_type: 'int64',
  ...FARES,
  Airport_fee: 'double',
} as const;

/** In ascending order. */
export const ERAS: readonly Era[] = [
  { from: '2009-01', columns: OF_2009 },
  { from: '2010-01', columns: OF_2010 },
  // These two months went through pandas with their index, and with the rate as a number.
  { from: '2010-02', columns: { ...OF_2010, rate_code: 'int64', __index_level_0__: 'int64' } },
  { from: '2010-04', columns: OF_2010 },
  { from: '2011-01', columns: SINCE_2011 },
  { from: '2018-07', columns: { ...SINCE_2011, passenger_count: 'double', RatecodeID: 'double' } },
  { from: '2023-02', columns: SINCE_2023 },
  {
    from: '2025-01',
    columns: {
      ...SINCE_2023,
      tpep_pickup_datetime: ['timestamp_us', 'timestamp_ns'],
      tpep_dropoff_datetime: ['timestamp_us', 'timestamp_ns'],
      cbd_congestion_fee: 'double',
    },
  },
];

const typesOf = (type: PhysicalType | readonly PhysicalType[]): readonly PhysicalType[] =>
  typeof type === 'string' ? [type] : type;

/** The columns of an era, each with the types it may have. */
export function eraColumns({ columns }: Era): { name: string; types: readonly PhysicalType[] }[] {
  return Object.entries(columns).map(([name, type]) => ({ name, types: typesOf(type) }));
}

/**
 * The era of a month; for a file without a month in its name, or of before 2009, the era that most of its columns fit.
 * @param month `YYYY-MM` or ''
 */
export function eraFor(month: string, columns: readonly { name: string; type: PhysicalType }[]): Era {
  const ofMonth = month === '' ? undefined : ERAS.findLast(({ from }) => from <= month);
  if (ofMonth !== undefined) return ofMonth;
  const found = new Map(columns.map(({ name, type }) => [name, type]));
  const differences = (era: Era): number => {
    const expected = eraColumns(era);
    const fitting = expected.filter(({ name, types }) => {
      const type = found.get(name);
      return type !== undefined && (type === 'null' || types.includes(type));
    }).length;
    return expected.length + columns.length - 2 * fitting;
  };
  // Newer eras come last: of two that fit alike, the newer one.
  const [best] = ERAS.map((era, index) => ({ era, index, off: differences(era) })).toSorted(
    (a, b) => a.off - b.off || b.index - a.index,
  );
  if (best === undefined) throw new Error('there are no eras');
  return best.era;
}
