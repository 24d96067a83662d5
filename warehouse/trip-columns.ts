/**
 * The canonical columns of `trips`, and under which names they have been published since 2009, by TLC and by others (BigQuery, dbt, Azure): data, not
 * code branches.
 */

export type ColumnType = 'timestamp' | 'distance' | 'code' | 'count' | 'amount' | 'degrees' | 'flag';

export interface TripColumn {
  name: string;
  type: ColumnType;
  /** Every name it has had, compared by `columnKey`. */
  aliases: readonly string[];
  /** A file without it is not loaded. */
  required?: true;
  /** Texts of 2009 and 2010 and the numbers of TLC's data dictionary that they stand for; compared in upper case. */
  codes?: Readonly<Record<string, number>>;
}

export const TRIP_COLUMNS: readonly TripColumn[] = [
  {
    name: 'tpep_pickup_datetime',
    type: 'timestamp',
    aliases: ['tpep_pickup_datetime', 'pickup_datetime', 'Trip_Pickup_DateTime'],
    required: true,
  },
  {
    name: 'tpep_dropoff_datetime',
    type: 'timestamp',
    aliases: ['tpep_dropoff_datetime', 'dropoff_datetime', 'Trip_Dropoff_DateTime'],
  },
  { name: 'trip_distance', type: 'distance', aliases: ['trip_distance'], required: true },
  {
    name: 'VendorID',
    type: 'code',
    aliases: ['VendorID', 'vendor_id', 'vendor_name'],
    codes: { CMT: 1, VTS: 2 },
  },
  { name: 'passenger_count', type: 'count', aliases: ['passenger_count'] },
  { name: 'RatecodeID', type: 'code', aliases: ['RatecodeID', 'rate_code', 'rate_code_id'] },
  { name: 'store_and_fwd_flag', type: 'flag', aliases: ['store_and_fwd_flag', 'store_and_forward'] },
  { name: 'PULocationID', type: 'code', aliases: ['PULocationID', 'pickup_location_id'] },
  { name: 'DOLocationID', type: 'code', aliases: ['DOLocationID', 'dropoff_location_id'] },
  { name: 'pickup_longitude', type: 'degrees', aliases: ['pickup_longitude', 'Start_Lon'] },
  { name: 'pickup_latitude', type: 'degrees', aliases: ['pickup_latitude', 'Start_Lat'] },
  { name: 'dropoff_longitude', type: 'degrees', aliases: ['dropoff_longitude', 'End_Lon'] },
  { name: 'dropoff_latitude', type: 'degrees', aliases: ['dropoff_latitude', 'End_Lat'] },
  {
    name: 'payment_type',
    type: 'code',
    aliases: ['payment_type'],
    codes: {
      CREDIT: 1,
      CRE: 1,
      CRD: 1,
      CASH: 2,
      CAS: 2,
      CSH: 2,
      'NO CHARGE': 3,
      NOC: 3,
      NO: 3,
      DISPUTE: 4,
      DIS: 4,
      UNKNOWN: 5,
      UNK: 5,
    },
  },
  { name: 'fare_amount', type: 'amount', aliases: ['fare_amount', 'Fare_Amt'] },
  { name: 'extra_amount', type: 'amount', aliases: ['extra', 'surcharge'] },
  { name: 'mta_tax', type: 'amount', aliases: ['mta_tax'] },
  { name: 'tip_amount', type: 'amount', aliases: ['tip_amount', 'Tip_Amt'] },
  { name: 'tolls_amount', type: 'amount', aliases: ['tolls_amount', 'Tolls_Amt'] },
  { name: 'improvement_surcharge', type: 'amount', aliases: ['improvement_surcharge', 'imp_surcharge'] },
  { name: 'total_amount', type: 'amount', aliases: ['total_amount', 'Total_Amt'] },
  { name: 'congestion_surcharge', type: 'amount', aliases: ['congestion_surcharge'] },
  { name: 'airport_fee', type: 'amount', aliases: ['airport_fee'] },
  { name: 'cbd_congestion_fee', type: 'amount', aliases: ['cbd_congestion_fee'] },
];

/**
 * What two spellings of one name have in common: `PULocationID`, `pu_location_id` and ` PULocationID` of an old CSV header are one column. White space
 * includes the byte order mark.
 */
export const columnKey = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, '');

/** Written by pandas, not by TLC: a running number that says nothing. Left out without a note. */
export const IGNORED_COLUMNS: readonly string[] = ['__index_level_0__'];

/** Columns that only another TLC data set has, and its name. */
export const OTHER_DATA_SETS: readonly { column: string; dataSet: string }[] = [
  { column: 'lpep_pickup_datetime', dataSet: 'green trips' },
  { column: 'hvfhs_license_num', dataSet: 'high-volume for-hire trips' },
  { column: 'dispatching_base_num', dataSet: 'for-hire trips' },
];
