import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const NOW = Date.parse('2024-01-01T00:00:00Z');
const parse = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), NOW);

describe('Retry-After', () => {
  it('is seconds or a date, measured by the clock of the server', () => {
    expect(parse({ 'retry-after': '7' })).toBe(7_000);
    expect(parse({ 'retry-after': '0' })).toBe(0);
    expect(parse({ 'retry-after': 'Mon, 01 Jan 2024 00:00:30 GMT' })).toBe(30_000);
    const skewed = { 'retry-after': 'Mon, 01 Jan 2024 01:00:30 GMT', date: 'Mon, 01 Jan 2024 01:00:00 GMT' };
    expect(parse(skewed)).toBe(30_000);
  });

  it('never is negative, longer than an hour, or nonsense', () => {
    expect(parse({ 'retry-after': 'Sun, 31 Dec 2023 00:00:00 GMT' })).toBe(0);
    expect(parse({ 'retry-after': '99999999999' })).toBe(3_600_000);
    expect(parse({ 'retry-after': 'soon' })).toBeUndefined();
    expect(parse({ 'retry-after': '-3.5' })).toBeUndefined();
    expect(parse({})).toBeUndefined();
  });
});
