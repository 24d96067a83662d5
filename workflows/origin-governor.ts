/** One circuit breaker and one adaptive limit per source host, shared by all workers. Runs for as long as anybody asks. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { mistakeInLimits } from './limits-request.ts';
import { originReport, originView, setLimits } from './messages.ts';
import { mistakeInReport } from './origin-report.ts';
import {
  applyLimits,
  applyReport,
  initialOriginState,
  nextDeadline,
  passTime,
  shares,
  type OriginState,
} from './origin-state.ts';

export interface OriginGovernorInput {
  /** Carried over from the run before. */
  state?: OriginState;
}

export async function originGovernor(input: OriginGovernorInput = {}): Promise<void> {
  let state = input.state ?? initialOriginState();
  let changes = 0;
  setHandler(originReport, (report) => {
    const mistake = mistakeInReport(report);
    if (mistake !== undefined) return log.warn('a report that makes no sense is ignored', { mistake });
    state = applyReport(state, report, Date.now());
    changes += 1;
  });
  setHandler(originView, () => {
    const { limit, limits, breaker, openUntilMs, probe, outcomes, workers, opened } = state;
    const inFlight = Object.values(workers).reduce((sum, worker) => sum + worker.inFlight, 0);
    return { limit, limits, breaker, openUntilMs, probe, outcomes, opened, inFlight, shares: shares(state) };
  });
  setHandler(
    setLimits,
    (request) => {
      state = applyLimits(state, { ...state.limits, ...request }, Date.now());
      changes += 1;
      return state.limits;
    },
    {
      validator: (request) => {
        const mistake = mistakeInLimits(request, state.limits);
        if (mistake !== undefined) throw new Error(mistake);
      },
    },
  );

  while (!workflowInfo().continueAsNewSuggested) {
    state = passTime(state, Date.now());
    const deadline = nextDeadline(state);
    const seen = changes;
    const changed = (): boolean => changes !== seen;
    if (deadline === null) await condition(() => changed() || workflowInfo().continueAsNewSuggested);
    else await condition(changed, Math.max(1, deadline - Date.now()));
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof originGovernor>({ state });
}
