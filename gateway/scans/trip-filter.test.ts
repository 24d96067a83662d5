import { describe, expect, it } from 'vitest';
import { filterCondition, type TripFilter } from './trip-filter.ts';

describe('filterCondition', () => {
  it.each<[TripFilter]>([
    [{}],
    [{ vendorId: null, fareAmount: null }],
    [{ fareAmount: {}, tripDistance: { min: null, max: null } }],
  ])('%o filters nothing', (filter) => {
    const params = {};
    expect(filterCondition(filter, params)).toBeUndefined();
    expect(params).toEqual({});
  });

  it('binds every value, and lets no trip pass that has none', () => {
    const params = {};
    const filter: TripFilter = {
      vendorId: [1, 2],
      dropoffZone: [7],
      passengerCount: { min: 0 },
      tripDistance: { min: -1.5, max: 2.25 },
    };
    expect(filterCondition(filter, params)).toBe(
      [
        'ifNull(has({filter_vendorId:Array(Int32)}, VendorID), false)',
        'ifNull(has({filter_dropoffZone:Array(Int32)}, DOLocationID), false)',
        'ifNull(passenger_count >= {filter_passengerCount_min:Float64}, false)',
        'ifNull(trip_distance >= {filter_tripDistance_min:Float64}, false)',
        'ifNull(trip_distance <= {filter_tripDistance_max:Float64}, false)',
      ].join(' AND '),
    );
    expect(params).toEqual({
      filter_vendorId: [1, 2],
      filter_dropoffZone: [7],
      filter_passengerCount_min: 0,
      filter_tripDistance_min: -1.5,
      filter_tripDistance_max: 2.25,
    });
  });

  it.each<[TripFilter, RegExp]>([
    [{ paymentType: [] }, /^filter.paymentType is empty/],
    [{ pickupZone: Array.from({ length: 1_001 }, () => 1) }, /^filter.pickupZone has 1001 values/],
    [{ fareAmount: { min: 1, max: 0.5 } }, /^filter.fareAmount: min 1 is more than max 0.5/],
  ])('refuses what can only be a mistake', (filter, message) => {
    expect(() => filterCondition(filter, {})).toThrow(message);
  });
});
