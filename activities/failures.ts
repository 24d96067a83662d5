/** Activity errors are retryable unless they are of one of these types. */
import { ApplicationFailure } from '@temporalio/common';
import { LakeLostError } from '../lake/lake.ts';
import { SourceError } from '../sources/source-error.ts';

/** The file became another version: start again with it. */
export const SOURCE_CHANGED = 'SourceChanged';
/** The source sends the whole file whatever is asked: read it in one stream. */
export const SOURCE_UNRANGED = 'SourceUnranged';
/** The file is no longer there. */
export const SOURCE_ABSENT = 'SourceAbsent';
/** The source's answers break HTTP or our assumptions, again and again. */
export const SOURCE_BROKEN = 'SourceBroken';
/** What was fetched is not in the lake any more: start again. */
export const LAKE_LOST = 'LakeLost';
/** The engine says that it cannot read the file: a retry reads the same bytes. */
export const FILE_UNREADABLE = 'FileUnreadable';

/** An activity found more than a workflow's history takes: a retry finds as much. */
export const RESULT_TOO_LARGE = 'ResultTooLarge';

/** A source that this worker does not have. */
export const UNKNOWN_SOURCE = 'UnknownSource';

const THROTTLED_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5_000;
/**
 * A SourceError or LakeLostError as Temporal should treat it; anything else is rethrown as it is.
 * @param lasting what is wrong is believed to stay so (see `faults.ts`)
 */
export function sourceFailure(error: unknown, { lasting = false } = {}): unknown {
  if (error instanceof LakeLostError) return ApplicationFailure.nonRetryable(error.message, LAKE_LOST);
  if (!(error instanceof SourceError)) return error;
  const { kind, message, retryAfterMs } = error;
  if (kind === 'changed') return ApplicationFailure.nonRetryable(message, SOURCE_CHANGED);
  if (kind === 'absent') return ApplicationFailure.nonRetryable(message, SOURCE_ABSENT);
  if (kind === 'unranged') return ApplicationFailure.nonRetryable(message, SOURCE_UNRANGED);
  if (lasting) return ApplicationFailure.nonRetryable(message, SOURCE_BROKEN);
  // How long to wait is the gate's business: what was throttled comes back soon and waits there.
  const delayMs = retryAfterMs ?? (kind === 'throttled' ? THROTTLED_RETRY_MS : undefined);
  return ApplicationFailure.create({
    message,
    type: `Source:${kind}`,
    cause: error,
    ...(delayMs === undefined ? {} : { nextRetryDelay: Math.min(delayMs, LONGEST_RETRY_MS) }),
  });
}
