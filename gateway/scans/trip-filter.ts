/** Conditions on the columns that people filter by. */
import { badUserInput } from '../errors.ts';

interface Bounds {
  min?: number | null;
  max?: number | null;
}

/** All that are given must hold. A trip without a value fails every condition on it. */
export interface TripFilter {
  vendorId?: readonly number[] | null;
  paymentType?: readonly number[] | null;
  pickupZone?: readonly number[] | null;
  dropoffZone?: readonly number[] | null;
  passengerCount?: Bounds | null;
  fareAmount?: Bounds | null;
  tripDistance?: Bounds | null;
}

/** A filter as SQL, with the values to bind. */
export interface TripCondition {
  sql: string;
  params: Readonly<Record<string, unknown>>;
}

const LISTS = {
  vendorId: 'VendorID',
  paymentType: 'payment_type',
  pickupZone: 'PULocationID',
  dropoffZone: 'DOLocationID',
} as const;
const BOUNDS = {
  passengerCount: 'passenger_count',
  fareAmount: 'fare_amount',
  tripDistance: 'trip_distance',
} as const;
const MOST_VALUES = 1_000;

/**
 * @param params takes the values to bind
 * @returns the condition, or undefined when nothing is filtered
 * @throws GraphQLError BAD_USER_INPUT
 */
export function filterCondition(filter: TripFilter, params: Record<string, unknown>): string | undefined {
  const conditions: string[] = [];
  for (const [field, column] of Object.entries(LISTS) as [keyof typeof LISTS, string][]) {
    const values = filter[field];
    if (values === null || values === undefined) continue;
    if (values.length === 0)
      throw badUserInput(`filter.${field} is empty: leave it out, or name at least one value`);
    if (values.length > MOST_VALUES)
      throw badUserInput(`filter.${field} has ${values.length} values: at most ${MOST_VALUES} are taken`);
    params[`filter_${field}`] = values;
    conditions.push(`ifNull(has({filter_${field}:Array(Int32)}, ${column}), false)`);
  }
  for (const [field, column] of Object.entries(BOUNDS) as [keyof typeof BOUNDS, string][]) {
    const { min, max } = filter[field] ?? {};
    if (typeof min === 'number' && typeof max === 'number' && min > max)
      throw badUserInput(`filter.${field}: min ${min} is more than max ${max}`);
    for (const [bound, value, sign] of [
      ['min', min, '>='],
      ['max', max, '<='],
    ] as const) {
      if (value === null || value === undefined) continue;
      params[`filter_${field}_${bound}`] = value;
      conditions.push(`ifNull(${column} ${sign} {filter_${field}_${bound}:Float64}, false)`);
    }
  }
  return conditions.length === 0 ? undefined : conditions.join(' AND ');
}
