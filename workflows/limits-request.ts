import type { OriginLimits } from './origin-state.ts';

/** Hosts that want more than this from one client have not been met. */
const MOST_CONCURRENT = 1_000;

/** Says what is wrong with a change of limits, or undefined when nothing is. */
export function mistakeInLimits(request: unknown, current: OriginLimits): string | undefined {
  const example = 'expected {"minConcurrent": 1, "maxConcurrent": 16} or one of the two';
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return example;
  const names = Object.keys(request);
  const unknown = names.find((name) => name !== 'minConcurrent' && name !== 'maxConcurrent');
  if (names.length === 0) return example;
  if (unknown !== undefined) return `unknown limit ${JSON.stringify(unknown)}; ${example}`;
  const { minConcurrent, maxConcurrent } = { ...current, ...(request as Partial<OriginLimits>) };
  for (const [name, value] of Object.entries({ minConcurrent, maxConcurrent })) {
    if (!Number.isInteger(value) || value < 1 || value > MOST_CONCURRENT) {
      return `${name} must be a whole number from 1 to ${MOST_CONCURRENT}`;
    }
  }
  return minConcurrent > maxConcurrent
    ? `minConcurrent ${minConcurrent} is above maxConcurrent ${maxConcurrent}`
    : undefined;
}
