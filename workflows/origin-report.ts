const COUNTS = ['inFlight', 'waiting', 'good', 'throttled', 'undecided', 'failed'];

/** Says what is wrong with a worker's report, or undefined when nothing is. */
export function mistakeInReport(report: unknown): string | undefined {
  if (typeof report !== 'object' || report === null) return 'not an object';
  const fields = report as Record<string, unknown>;
  if (typeof fields['workerId'] !== 'string' || fields['workerId'] === '') return 'no workerId';
  const wrong = COUNTS.find((name) => !isCount(fields[name]));
  if (wrong !== undefined) return `${wrong} is not a count`;
  const { retryAfterMs, probe } = fields;
  if (retryAfterMs !== undefined && !isCount(retryAfterMs)) return 'retryAfterMs is not a count';
  return probe === undefined || isCount(probe) ? undefined : 'probe is not a count';
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
