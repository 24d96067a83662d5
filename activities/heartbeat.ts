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

type Activity = (...args: never[]) => Promise<unknown>;

/** The activities of these names, each heartbeating while it runs: one whose worker died is known as such long before its time is over. */
export function withHeartbeats<Given extends Record<Name, Activity>, Name extends string>(
  activities: Given,
  names: readonly Name[],
): Pick<Given, Name> {
  const beating = names.map((name) => {
    const activity: Activity = (...args) => withHeartbeat(() => activities[name](...args));
    return [name, activity] as const;
  });
  return Object.fromEntries(beating) as Pick<Given, Name>;
}
