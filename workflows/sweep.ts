import { sweepActivities } from './activity-options.ts';

/** Removes loads that nobody can read or publish any more. Started by the schedule `sweep`, or by hand. */
export async function sweep(): Promise<{ swept: string[] }> {
  return { swept: await sweepActivities.sweepLoads() };
}
