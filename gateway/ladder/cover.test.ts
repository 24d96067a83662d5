import { expect, it } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from '../../warehouse/pickup-domain.ts';
import { DAY_MICROS, HOUR_MICROS, type Span } from '../percentile/pickup-range.ts';
import { firstDayOfMonth } from './calendar.ts';
import { coverSpan, type Cover } from './cover.ts';

/** Every part as microseconds, ascending. */
function spansOf({ years, months, days, hours, raggedHours }: Cover): Span[] {
  const month = (number: number) => BigInt(firstDayOfMonth(number)) * DAY_MICROS;
  return [
    ...years.map(({ first, past }) => ({ from: month(first * 12), to: month(past * 12) })),
    ...months.map(({ first, past }) => ({ from: month(first), to: month(past) })),
    ...days.map(({ first, past }) => ({ from: BigInt(first) * DAY_MICROS, to: BigInt(past) * DAY_MICROS })),
    ...hours.map(({ first, past }) => ({
      from: BigInt(first) * HOUR_MICROS,
      to: BigInt(past) * HOUR_MICROS,
    })),
    ...raggedHours.map(({ hour, from, to }) => ({
      from: BigInt(hour) * HOUR_MICROS + BigInt(from),
      to: BigInt(hour) * HOUR_MICROS + BigInt(to),
    })),
  ].toSorted((a, b) => (a.from < b.from ? -1 : 1));
}

it('covers exactly the span, without gap or overlap, by few parts', () => {
  const random = seededRandom(3);
  const whole = PAST_LATEST_MICROS - EARLIEST_MICROS;
  const units = [1n, 1_000_000n, HOUR_MICROS, DAY_MICROS, 31n * DAY_MICROS, 366n * DAY_MICROS, whole];
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  for (let round = 0; round < 20_000; round += 1) {
    const unit = pick(units);
    const from = EARLIEST_MICROS + ((BigInt(Math.floor(random() * 2 ** 52)) * 4n) % whole);
    const aligned = random() < 0.5 ? from - (((from % unit) + unit) % unit) : from;
    const start = aligned < EARLIEST_MICROS ? EARLIEST_MICROS : aligned;
    const length = 1n + ((BigInt(Math.floor(random() * 2 ** 50)) * pick(units)) % (pick(units) + 1n));
    const to = start + length < PAST_LATEST_MICROS ? start + length : PAST_LATEST_MICROS;
    if (start >= to) continue;
    const cover = coverSpan({ from: start, to });
    const spans = spansOf(cover);
    let at = start;
    for (const span of spans) {
      expect(span.from).toBe(at);
      expect(span.to).toBeGreaterThan(span.from);
      at = span.to;
    }
    expect(at).toBe(to);
    expect(cover.years.length).toBeLessThanOrEqual(1);
    for (const parts of [cover.months, cover.days, cover.hours, cover.raggedHours])
      expect(parts.length).toBeLessThanOrEqual(2);
    for (const { from: begin, to: end } of cover.raggedHours) expect(end - begin).toBeLessThan(3_600_000_000);
    for (const { first, past } of cover.hours)
      expect(Math.floor(first / 24)).toBe(Math.floor((past - 1) / 24));
    for (const { first, past } of cover.months) expect(past - first).toBeLessThan(24);
  }
});

it('takes the largest units', () => {
  const micros = (text: string) => BigInt(Date.parse(`${text}Z`)) * 1_000n;
  const cover = coverSpan({ from: micros('2021-11-29T22:30:00'), to: micros('2024-02-03T02:00:01') });
  expect(cover).toMatchObject({
    years: [{ first: 2022, past: 2024 }],
    months: [
      { first: 2021 * 12 + 11, past: 2022 * 12 },
      { first: 2024 * 12, past: 2024 * 12 + 1 },
    ],
  });
  expect(cover.days.map(({ first, past }) => past - first)).toEqual([1, 2]);
  expect(cover.hours.map(({ first, past }) => past - first)).toEqual([1, 2]);
  expect(cover.raggedHours.map(({ from, to }) => to - from)).toEqual([1_800_000_000, 1_000_000]);
});
