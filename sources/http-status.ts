import { retryAfterMs } from './retry-after.ts';
import { SourceError, type SourceErrorKind } from './source-error.ts';

const KIND_BY_STATUS: Readonly<Record<number, SourceErrorKind>> = {
  // TLC's answer both to "too many requests" and to "not published yet": only who knows the file can tell (http-template).
  403: 'throttled',
  404: 'absent',
  408: 'unavailable',
  410: 'absent',
  412: 'changed',
  416: 'changed',
  421: 'unavailable',
  425: 'unavailable',
  429: 'throttled',
  503: 'throttled',
};

/** What a status other than the hoped-for one means for us. */
export function statusError(answer: { status: number; headers: Headers; shown: string }): SourceError {
  const { status, headers, shown } = answer;
  const kind = KIND_BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'broken');
  return new SourceError(kind, `${shown}: HTTP ${status}`, { status, retryAfterMs: retryAfterMs(headers) });
}
