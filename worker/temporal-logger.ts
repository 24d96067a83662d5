import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import type { Logger } from '../config/logging.ts';

const LONGEST_ERROR = 300;

const LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, string>;

/** The SDK's own lines, and those of workflows and activities, in our log. Its INFO is about itself: debug to us. */
export function temporalLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    const ours = meta !== undefined && 'workflowId' in meta;
    // The watcher says itself, and once, what is wrong with its source.
    const isPoll = level === 'WARN' && meta?.['activityType'] === 'listChanges';
    const isDetail = (level === 'INFO' && !ours) || isPoll;
    logger[isDetail ? 'debug' : LEVELS[level]](describeMeta(meta), message);
  });
}

/** Enough to find the workflow in the UI; the rest of the SDK's fields fills lines. */
function describeMeta(meta: Record<string, unknown> | undefined): Record<string, unknown> {
  const { workflowId, activityType, attempt, error, ...rest } = meta ?? {};
  const internal = [
    'sdkComponent',
    'taskQueue',
    'namespace',
    'runId',
    'workflowRunId',
    'workflowType',
    'taskToken',
    'activityId',
    'isLocal',
  ];
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !internal.includes(name) && !name.endsWith('Timestamp')),
  );
  return {
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(activityType === undefined ? {} : { activityType, attempt }),
    ...(error === undefined ? {} : { error: shortError(error) }),
    ...kept,
  };
}

/** ClickHouse repeats the statement in its errors; what was wrong comes first. The whole error is in Temporal's history. */
function shortError(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  return text?.split('\n', 1)[0]?.slice(0, LONGEST_ERROR);
}
