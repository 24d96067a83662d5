import { formatForWarehouse } from './percentile/local-date-time.ts';
import type { Span } from './percentile/pickup-range.ts';

/** A column that tables are sorted by, so that a condition on it reads little else. */
export interface TimeColumn {
  name: string;
  /** A Date32's spans begin and end at midnight. */
  type: 'Date32' | `DateTime64(6, 'UTC')`;
}

/**
 * A condition that a column lies in one of these spans; neighbours become one, empty ones none.
 * @param params takes the values to bind
 */
export function withinSpans(
  { name, type }: TimeColumn,
  spans: readonly Span[],
  params: Record<string, unknown>,
): string {
  const joined: Span[] = [];
  for (const span of spans.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = joined.at(-1);
    if (span.from >= span.to) continue;
    if (last !== undefined && last.to >= span.from) last.to = span.to;
    else joined.push({ ...span });
  }
  const notation = (micros: bigint) =>
    formatForWarehouse(micros).slice(0, type === 'Date32' ? 10 : undefined);
  const conditions = joined.map(({ from, to }, index) => {
    params[`${name}_from_${index}`] = notation(from);
    params[`${name}_to_${index}`] = notation(to);
    return `(${name} >= {${name}_from_${index}:${type}} AND ${name} < {${name}_to_${index}:${type}})`;
  });
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}
