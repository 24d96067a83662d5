import { describe, expect, it } from 'vitest';
import { hourlyTrips } from './hourly-trips.ts';

describe('trips by hour', () => {
  it.each([0, 1, 7, 5_000, 250_001])('are %i in all, over every hour of the month', (trips) => {
    for (const [month, days] of [
      ['2024-02', 29],
      ['2023-02', 28],
      ['2022-12', 31],
    ] as const) {
      const hours = hourlyTrips({ month, trips, seed: 3 });
      expect(hours).toHaveLength(days * 24);
      expect(hours.reduce((sum, hour) => sum + hour, 0)).toBe(trips);
      expect(Math.min(...hours)).toBeGreaterThanOrEqual(0);
    }
  });
});
