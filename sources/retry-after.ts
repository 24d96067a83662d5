/**
 * `Retry-After` (RFC 9110 §10.2.3) in milliseconds from now: seconds, or a date, which is measured against the answer's own
 * `Date`, as the server's clock may differ from ours. Undefined when absent or malformed; at most a day.
 */
export function retryAfterMs(headers: Headers, nowMs = Date.now()): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const DAY_MS = 86_400_000;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, DAY_MS);
  const at = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const serverNow = Date.parse(headers.get('date') ?? '');
  return Math.min(Math.max(at - (Number.isNaN(serverNow) ? nowMs : serverNow), 0), DAY_MS);
}
