import { s3Refusal } from '../config/s3-client.ts';
import { statusError } from './http-status.ts';
import type { RequestOutcome } from './request-gate.ts';
import { SourceError } from './source-error.ts';

/** What S3 says of credentials that are about to be renewed, and of a slow connection: 400, though the request is right. */
const FOR_A_WHILE: readonly string[] = ['ExpiredToken', 'TokenRefreshRequired', 'RequestTimeout'];

/** What became of a request to S3 that failed: the statuses mean what they mean everywhere (`statusError`). */
export function s3SourceError({
  cause,
  shown,
  signal,
}: {
  cause: unknown;
  /** The address for messages. */
  shown: string;
  signal: AbortSignal;
}): unknown {
  if (signal.aborted) return signal.reason;
  if (cause instanceof SourceError) return cause;
  const refusal = s3Refusal(cause);
  if (refusal !== undefined) {
    const { status, code, headers } = refusal;
    // HEAD has no body that could name the error.
    if (FOR_A_WHILE.includes(code))
      return new SourceError('unavailable', `${shown} (${code}): HTTP ${status}`, { status });
    const name = code === 'Unknown' || code === 'NotFound' ? '' : ` (${code})`;
    return statusError({ status, headers, shown: `${shown}${name}` });
  }
  const code = (cause as NodeJS.ErrnoException).code;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new SourceError('unavailable', `${shown}: ${code ?? said}`, { cause });
}

/**
 * The same for the gate: what the failure says about the server's patience.
 * @param ofObject it was about one object, whose 403 may be its own
 */
export function s3Outcome(error: unknown, signal: AbortSignal, { ofObject = false } = {}): RequestOutcome {
  if (signal.aborted || !(error instanceof SourceError)) return { kind: 'good' };
  if (ofObject && error.status === 403) return { kind: 'undecided' };
  if (error.kind === 'throttled') return { kind: 'throttled', retryAfterMs: error.retryAfterMs };
  return { kind: error.kind === 'unavailable' ? 'failed' : 'good' };
}
