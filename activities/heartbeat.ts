import { Context } from '@temporalio/activity';

/** Milliseconds; several fit into the heartbeat timeouts of ingestFile. */
const BEAT_MS = 2_000;

/** Runs a long task that cannot say how far it is, heartbeating meanwhile so that a cancellation reaches it. */
export async function withHeartbeat<Result>(task: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await task(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
