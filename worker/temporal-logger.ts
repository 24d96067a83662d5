import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import type { Logger } from '../config/logging.ts';

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
    logger[level === 'INFO' && !ours ? 'debug' : LEVELS[level]](describeMeta(meta), message);
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
    ...(error === undefined ? {} : { error: error instanceof Error ? error.message : JSON.stringify(error) }),
    ...kept,
  };
}
