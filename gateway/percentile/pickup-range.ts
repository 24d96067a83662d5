/** A half-open range of pickups and its decomposition into whole days, whole hours and the trips of ragged hours. */

import { EARLIEST_MICROS, PAST_LATEST_MICROS } from '../../warehouse/pickup-domain.ts';

export const HOUR_MICROS = 3_600_000_000n;
export const DAY_MICROS = 24n * HOUR_MICROS;

/** Microseconds since 1970 of New York's wall clock: `from` ≤ t < `to`. */
export interface Span {
  from: bigint;
  to: bigint;
}

export interface PickupRange {
  /** Undefined: open. */
  from?: bigint | undefined;
  to?: bigint | undefined;
}

export interface Decomposition {
  /** Whole days, as one span; undefined when there are none. */
  days: Span | undefined;
  /** Whole hours of the ragged days, at most two spans. */
  hours: Span[];
  /** What is left of the ragged hours, at most two spans. */
  trips: Span[];
}

export class PickupRangeError extends Error {
  override name = 'PickupRangeError';
}

/**
 * The range with its open ends closed; moments beyond the calendar of DateTime64 are moved to its ends.
 * @throws PickupRangeError when `from` is not before `to`
 */
export function closeRange({ from, to }: PickupRange): Span {
  if (from !== undefined && to !== undefined && from >= to) {
    throw new PickupRangeError('from must be before to: the range is [from, to)');
  }
  const clamp = (micros: bigint): bigint =>
    micros < EARLIEST_MICROS ? EARLIEST_MICROS : micros > PAST_LATEST_MICROS ? PAST_LATEST_MICROS : micros;
  return { from: clamp(from ?? EARLIEST_MICROS), to: clamp(to ?? PAST_LATEST_MICROS) };
}

export function floorTo(micros: bigint, unit: bigint): bigint {
  const rest = micros % unit;
  return micros - (rest < 0n ? rest + unit : rest);
}

function ceilTo(micros: bigint, unit: bigint): bigint {
  return -floorTo(-micros, unit);
}

/** Cuts whole units out of a span: what they cover, and the rests before and after. */
function cut({ from, to }: Span, unit: bigint): { whole: Span | undefined; rests: Span[] } {
  const start = ceilTo(from, unit);
  const end = floorTo(to, unit);
  if (start >= end) {
    // No whole unit; one boundary may still lie inside.
    const inside = start > from && start < to;
    const rests = inside
      ? [
          { from, to: start },
          { from: start, to },
        ]
      : [{ from, to }];
    return { whole: undefined, rests: rests.filter((rest) => rest.from < rest.to) };
  }
  const rests = [
    { from, to: start },
    { from: end, to },
  ].filter((rest) => rest.from < rest.to);
  return { whole: { from: start, to: end }, rests };
}

/** The days, hours and trips whose disjoint union is the span. */
export function decompose(span: Span): Decomposition {
  const days = cut(span, DAY_MICROS);
  const hours = days.rests.map((rest) => cut(rest, HOUR_MICROS));
  return {
    days: days.whole,
    hours: hours.flatMap(({ whole }) => (whole === undefined ? [] : [whole])),
    trips: hours.flatMap(({ rests }) => rests),
  };
}
