import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { governorId, originReport, originView, type OriginView } from '../workflows/messages.ts';
import type { originGovernor } from '../workflows/origin-governor.ts';
import type { GovernorLink } from './origin-gate.ts';

const count = z.int().min(0);
/** What the gate goes by, and what metrics tell. A governor of another version, or a stranger of that id, is as good as none: nothing is sent. */
const view = z.object({
  breaker: z.enum(['closed', 'open', 'halfOpen']),
  openUntilMs: z.number().nullable(),
  probe: z.object({ id: z.int(), workerId: z.string() }).nullable(),
  shares: z.record(z.string(), count),
  limit: count,
  inFlight: count,
  opened: count,
  outcomes: z.object({ good: count, throttled: count, undecided: count, failed: count }),
});

function requireView(answer: OriginView): OriginView {
  view.parse(answer);
  return answer;
}

/** Reports start the host's governor where none runs yet; views fail where there is none. */
export function createGovernorLink({
  client,
  taskQueue,
  host,
}: {
  client: Client;
  taskQueue: string;
  host: string;
}): GovernorLink {
  const workflowId = governorId(host);
  return {
    async report(seen) {
      await client.workflow.signalWithStart<typeof originGovernor, Parameters<GovernorLink['report']>>(
        'originGovernor',
        {
          workflowId,
          taskQueue,
          args: [{}],
          signal: originReport,
          signalArgs: [seen],
        },
      );
    },
    view: async () => requireView(await client.workflow.getHandle(workflowId).query(originView)),
  };
}
