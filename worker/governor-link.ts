import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { governorId, originReport, originView } from '../workflows/messages.ts';
import type { originGovernor } from '../workflows/origin-governor.ts';
import type { GovernorLink } from './origin-gate.ts';

/** Reports start the host's governor where none runs yet. */
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
  const report: GovernorLink['report'] = async (seen) => {
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
  };
  return {
    report,
    async view() {
      try {
        return await client.workflow.getHandle(workflowId).query(originView);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        await report({
          workerId: 'nobody',
          inFlight: 0,
          waiting: 0,
          good: 0,
          throttled: 0,
          undecided: 0,
          failed: 0,
        });
        return client.workflow.getHandle(workflowId).query(originView);
      }
    },
  };
}
