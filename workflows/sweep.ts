import { patched } from '@temporalio/workflow';
import { sweepActivities } from './activity-options.ts';

export interface SweepResult {
  /** Ids of the loads that were removed. */
  swept: string[];
  /** The lake's keys of uploads and partial files that were forgotten. */
  forgotten?: string[];
}

/** Removes what nobody can read, publish or finish any more. Started by the schedule `sweep`, or by hand. */
export async function sweep(): Promise<SweepResult> {
  const swept = await sweepActivities.sweepLoads();
  // Sweeps that began before there was this step end without it.
  if (!patched('sweep-lake')) return { swept };
  return { swept, forgotten: await sweepActivities.sweepLake() };
}
