/** How long the steps of ingestions took, by Temporal's histories. */
import type { System } from './system.ts';

export interface Step {
  step: string;
  times: number;
  /** Milliseconds, from scheduled to completed. */
  total: number;
  mean: number;
  /** Of it, before a worker began. */
  waited: number;
}

const millis = (
  time: { seconds?: { toString(): string } | null; nanos?: number | null } | null | undefined,
): number => Number(time?.seconds?.toString() ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

/** @param workflowIds ingestions and the publisher */
export async function whereTimeGoes({ client }: System, workflowIds: readonly string[]): Promise<Step[]> {
  const steps = new Map<string, { times: number; total: number; waited: number }>();
  for (const workflowId of workflowIds) {
    const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = new Map<string, { name: string; at: number }>();
    const started = new Map<string, number>();
    for (const event of events ?? []) {
      const id = String(event.eventId);
      const at = millis(event.eventTime);
      if (event.activityTaskScheduledEventAttributes)
        scheduled.set(id, { name: event.activityTaskScheduledEventAttributes.activityType?.name ?? '', at });
      if (event.activityTaskStartedEventAttributes)
        started.set(String(event.activityTaskStartedEventAttributes.scheduledEventId), at);
      const done = event.activityTaskCompletedEventAttributes;
      const from = done ? scheduled.get(String(done.scheduledEventId)) : undefined;
      if (!done || from === undefined) continue;
      const step = steps.get(from.name) ?? { times: 0, total: 0, waited: 0 };
      step.times += 1;
      step.total += at - from.at;
      step.waited += (started.get(String(done.scheduledEventId)) ?? from.at) - from.at;
      steps.set(from.name, step);
    }
    const [first, last] = [events?.at(0), events?.at(-1)];
    const whole = steps.get('(whole workflow)') ?? { times: 0, total: 0, waited: 0 };
    whole.times += 1;
    whole.total += millis(last?.eventTime) - millis(first?.eventTime);
    steps.set('(whole workflow)', whole);
  }
  return [...steps].map(([step, { times, total, waited }]) => ({
    step,
    times,
    total: Math.round(total),
    mean: Math.round(total / times),
    waited: Math.round(waited / times),
  }));
}
