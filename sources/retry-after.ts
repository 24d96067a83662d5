/** A server that wants more is asked once an hour, by one probe. */
const LONGEST_MS = 3_600_000;

/**
 * `Retry-After` (RFC 9110 §10.2.3) in milliseconds from now: seconds, or a date, which is measured against the answer's own
 * `Date`, as the server's clock may differ from ours. Undefined when absent or malformed; at most an hour, which is what decision 26 believes.
 */
export function retryAfterMs(headers: Headers, nowMs = Date.now()): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_MS);
  const at = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const serverNow = Date.parse(headers.get('date') ?? '');
  return Math.min(Math.max(at - (Number.isNaN(serverNow) ? nowMs : serverNow), 0), LONGEST_MS);
}
