import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import {
  closeRange,
  DAY_MICROS,
  decompose,
  HOUR_MICROS,
  PickupRangeError,
  type Span,
} from './pickup-range.ts';

describe('decompose', () => {
  it('is a disjoint union of whole days, whole hours and rests, whatever the range', () => {
    const random = seededRandom(11);
    const units = [DAY_MICROS, HOUR_MICROS, 60_000_000n, 1n];
    for (let round = 0; round < 20_000; round += 1) {
      const unit = units[round % units.length] ?? 1n;
      const other = units[Math.floor(random() * units.length)] ?? 1n;
      const from = BigInt(Math.floor((random() - 0.3) * 200)) * unit;
      const span: Span = { from, to: from + BigInt(1 + Math.floor(random() * 100)) * other };
      const { days, hours, trips } = decompose(span);
      const pieces = [...(days === undefined ? [] : [days]), ...hours, ...trips].toSorted((a, b) =>
        a.from < b.from ? -1 : 1,
      );
      expect(pieces[0]?.from).toBe(span.from);
      expect(pieces.at(-1)?.to).toBe(span.to);
      pieces.forEach((piece, index) => {
        expect(piece.from < piece.to).toBe(true);
        if (index > 0) expect(piece.from).toBe(pieces[index - 1]?.to);
      });
      const aligned = (moment: bigint, to: bigint): boolean => moment % to === 0n;
      if (days !== undefined)
        expect(aligned(days.from, DAY_MICROS) && aligned(days.to, DAY_MICROS)).toBe(true);
      for (const hour of hours)
        expect(aligned(hour.from, HOUR_MICROS) && aligned(hour.to, HOUR_MICROS)).toBe(true);
      // What the SQL has slots for.
      expect(hours.length).toBeLessThanOrEqual(2);
      expect(trips.length).toBeLessThanOrEqual(2);
    }
  });
});

describe('closeRange', () => {
  it('closes open ends and moves moments beyond the calendar to its ends', () => {
    const everything = closeRange({});
    expect(closeRange({ from: -(10n ** 17n), to: 10n ** 17n })).toEqual(everything);
    expect(closeRange({ from: 5n })).toEqual({ from: 5n, to: everything.to });
  });

  it.each([
    [5n, 5n],
    [6n, 5n],
  ])('refuses [%s, %s)', (from, to) => {
    expect(() => closeRange({ from, to })).toThrow(PickupRangeError);
  });
});
