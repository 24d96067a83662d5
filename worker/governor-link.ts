import type { Client } from '@temporalio/client';
import { governorId, originReport, originView } from '../workflows/messages.ts';
import type { originGovernor } from '../workflows/origin-governor.ts';
import type { GovernorLink } from './origin-gate.ts';

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
    view: () => client.workflow.getHandle(workflowId).query(originView),
  };
}
