import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import {
  formatForWarehouse,
  formatLocalDateTime,
  LocalDateTimeError,
  parseLocalDateTime,
} from './local-date-time.ts';

describe('parseLocalDateTime', () => {
  it.each([
    ['1970-01-01T00:00:00', 0n],
    ['1970-01-01', 0n],
    ['1970-01-01T00:01', 60_000_000n],
    ['1970-01-01 00:01', 60_000_000n],
    ['1970-01-01 00:00:00.000001', 1n],
    ['1970-01-01T00:00:00.000001', 1n],
    ['1970-01-01T00:00:00.1', 100_000n],
    ['1969-12-31T23:59:59.999999', -1n],
    ['2024-02-29T12:34:56.789', 1_709_210_096_789_000n],
  ])('reads %s', (text, micros) => {
    expect(parseLocalDateTime(text)).toBe(micros);
  });

  it.each([
    ['2024-01-01T00:00:00Z', /has a zone/],
    ['2024-01-01T00:00:00-05:00', /has a zone/],
    ['2024-01-01T00:00:00+0100', /has a zone/],
    ['2024-02-30T00:00:00', /no date of the calendar/],
    ['2023-02-29', /no date of the calendar/],
    ['2024-13-01', /no date of the calendar/],
    ['2024-01-01T24:00:00', /no time of a day/],
    ['2024-01-01T00:60:00', /no time of a day/],
    ['2024-01-01T00:00:60', /no time of a day/],
    ['2024-01-01T00:00:00.1234567', /at most 6 digits/],
    ['2024-01-01 00:00:00Z', /has a zone/],
    ['2024-01-01  00:00:00', /write it as in 2024-01-31T08:30:00/],
    ['yesterday', /write it as in/],
    ['', /write it as in/],
    ['24-01-01', /write it as in/],
    ["2024-01-01'; DROP TABLE trips", /write it as in/],
  ])('refuses %j and says what would be right', (text, message) => {
    expect(() => parseLocalDateTime(text)).toThrow(LocalDateTimeError);
    expect(() => parseLocalDateTime(text)).toThrow(message);
  });
});

it('writes what it reads, to the microsecond, from 1900 to 2299', () => {
  const random = seededRandom(3);
  for (let round = 0; round < 5_000; round += 1) {
    const micros = BigInt(Math.floor(random() * 12_622_000_000)) * 1_000_000n - 2_208_988_800_000_000n;
    const moment = micros + BigInt(Math.floor(random() * 1_000_000));
    expect(parseLocalDateTime(formatLocalDateTime(moment))).toBe(moment);
    expect(parseLocalDateTime(formatForWarehouse(moment).replace(' ', 'T'))).toBe(moment);
  }
  expect(formatLocalDateTime(0n)).toBe('1970-01-01T00:00:00');
});
