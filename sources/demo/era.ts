/** The columns of a TLC file in the month it is of: names, order, physical types and compression (see `trip-sql.ts`). */

export interface Column {
  name: string;
  /** SQL over the generated trip; every column of a real file is optional, so it is made Nullable. */
  sql: string;
  /** An Arrow null column: INT32 with nothing in it, annotated as such. */
  arrowNull?: true;
}

export interface Era {
  columns: Column[];
  compression: 'snappy' | 'zstd';
  /** Rows of a row group; the older files are one group. */
  rowGroupRows: number;
}

const ONE_GROUP = 2 ** 31;
const INT32_NULL = "CAST(NULL, 'Nullable(Int32)')";

/** What TLC published for `month` (`YYYY-MM`), 2009-01 and later. */
export function eraOf(month: string): Era {
  if (month < '2010-01') return { columns: columns2009(), compression: 'snappy', rowGroupRows: ONE_GROUP };
  if (month < '2011-01')
    return { columns: columns2010(month), compression: 'snappy', rowGroupRows: ONE_GROUP };
  const modern = month >= '2023-02';
  return {
    columns: columnsSince2011(month),
    compression: modern ? 'zstd' : 'snappy',
    rowGroupRows: modern ? 1_048_576 : ONE_GROUP,
  };
}

const text = (timestamp: string) => `formatDateTime(${timestamp}, '%Y-%m-%d %H:%i:%S')`;

function columns2009(): Column[] {
  return [
    { name: 'vendor_name', sql: `['VTS', 'CMT', 'DDS'][vendor_of_three]` },
    { name: 'Trip_Pickup_DateTime', sql: text('pickup') },
    { name: 'Trip_Dropoff_DateTime', sql: text('dropoff') },
    { name: 'Passenger_Count', sql: 'passengers' },
    { name: 'Trip_Distance', sql: 'distance' },
    { name: 'Start_Lon', sql: 'pickup_lon' },
    { name: 'Start_Lat', sql: 'pickup_lat' },
    { name: 'Rate_Code', sql: `CAST(NULL, 'Nullable(Float64)')` },
    { name: 'store_and_forward', sql: `CAST(NULL, 'Nullable(Float64)')` },
    { name: 'End_Lon', sql: 'dropoff_lon' },
    { name: 'End_Lat', sql: 'dropoff_lat' },
    { name: 'Payment_Type', sql: `['Credit', 'CASH', 'No Charge', 'Dispute'][payment]` },
    { name: 'Fare_Amt', sql: 'fare' },
    { name: 'surcharge', sql: 'extra_charge' },
    { name: 'mta_tax', sql: 'tax' },
    { name: 'Tip_Amt', sql: 'tip' },
    { name: 'Tolls_Amt', sql: 'tolls' },
    { name: 'Total_Amt', sql: 'total' },
  ];
}

function columns2010(month: string): Column[] {
  // Two months went through pandas with their index, and with the rate as a number.
  const indexed = month === '2010-02' || month === '2010-03';
  return [
    { name: 'vendor_id', sql: `['VTS', 'CMT', 'DDS'][vendor_of_three]` },
    { name: 'pickup_datetime', sql: text('pickup') },
    { name: 'dropoff_datetime', sql: text('dropoff') },
    { name: 'passenger_count', sql: 'passengers' },
    { name: 'trip_distance', sql: 'distance' },
    { name: 'pickup_longitude', sql: 'pickup_lon' },
    { name: 'pickup_latitude', sql: 'pickup_lat' },
    { name: 'rate_code', sql: indexed ? 'rate' : 'toString(rate)' },
    { name: 'store_and_fwd_flag', sql: `if(stored, '1', '0')` },
    { name: 'dropoff_longitude', sql: 'dropoff_lon' },
    { name: 'dropoff_latitude', sql: 'dropoff_lat' },
    { name: 'payment_type', sql: `['CRE', 'CAS', 'NOC', 'DIS'][payment]` },
    { name: 'fare_amount', sql: 'fare' },
    { name: 'surcharge', sql: 'extra_charge' },
    { name: 'mta_tax', sql: 'tax' },
    { name: 'tip_amount', sql: 'tip' },
    { name: 'tolls_amount', sql: 'tolls' },
    { name: 'total_amount', sql: 'total' },
    ...(indexed ? [{ name: '__index_level_0__', sql: 'toInt64(row)' }] : []),
  ];
}

function columnsSince2011(month: string): Column[] {
  const id = (sql: string) => (month >= '2023-02' ? `toInt32(${sql})` : `toInt64(${sql})`);
  const count = (sql: string) => {
    const floating = month >= '2018-07' && month < '2023-02';
    return `if(dispatched, NULL, ${floating ? `toFloat64(${sql})` : sql})`;
  };
  // DateTime64(9) and (6) become INT64 nanoseconds and microseconds.
  const timestamp = (sql: string) => (month >= '2025-01' ? `CAST(${sql}, 'DateTime64(9, \\'UTC\\')')` : sql);
  return [
    { name: 'VendorID', sql: id('vendor') },
    { name: 'tpep_pickup_datetime', sql: timestamp('pickup') },
    { name: 'tpep_dropoff_datetime', sql: timestamp('dropoff') },
    { name: 'passenger_count', sql: count('passengers') },
    { name: 'trip_distance', sql: 'distance' },
    { name: 'RatecodeID', sql: count('rate') },
    { name: 'store_and_fwd_flag', sql: `if(dispatched, NULL, if(stored, 'Y', 'N'))` },
    { name: 'PULocationID', sql: id('pickup_zone') },
    { name: 'DOLocationID', sql: id('dropoff_zone') },
    { name: 'payment_type', sql: 'if(dispatched, 0, payment)' },
    { name: 'fare_amount', sql: 'fare' },
    { name: 'extra', sql: 'extra_charge' },
    { name: 'mta_tax', sql: 'tax' },
    { name: 'tip_amount', sql: 'tip' },
    { name: 'tolls_amount', sql: 'tolls' },
    { name: 'improvement_surcharge', sql: 'improvement' },
    { name: 'total_amount', sql: 'total' },
    feeSince({ month, name: 'congestion_surcharge', since: '2019-01', sql: 'congestion' }),
    feeSince({
      month,
      name: month >= '2023-02' ? 'Airport_fee' : 'airport_fee',
      since: '2020-11',
      sql: 'airport_charge',
    }),
    ...(month >= '2025-01' ? [{ name: 'cbd_congestion_fee', sql: 'cbd' }] : []),
  ];
}

/** Before there was a fee its column is empty: Arrow's null type in most months, a double in others. */
function feeSince(options: { month: string; name: string; since: string; sql: string }): Column {
  const { month, name, since, sql } = options;
  if (month >= since) return { name, sql: `if(dispatched, NULL, ${sql})` };
  if (Number(month.slice(5)) % 4 === 0) return { name, sql: `CAST(NULL, 'Nullable(Float64)')` };
  return { name, sql: INT32_NULL, arrowNull: true };
}
