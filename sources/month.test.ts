import { describe, expect, it } from 'vitest';
import { addMonths, currentMonth, monthsBetween } from './month.ts';

describe('months', () => {
  it('counts over the ends of years', () => {
    expect(addMonths('2024-12', 1)).toBe('2025-01');
    expect(addMonths('2024-01', -1)).toBe('2023-12');
    expect(monthsBetween('2023-11', '2024-02')).toEqual(['2023-11', '2023-12', '2024-01', '2024-02']);
    expect(monthsBetween('2024-02', '2024-01')).toEqual([]);
  });

  it('takes the current month from New York', () => {
    expect(currentMonth(Date.parse('2024-03-01T04:59:59Z'))).toBe('2024-02');
    expect(currentMonth(Date.parse('2024-03-01T05:00:00Z'))).toBe('2024-03');
  });
});
