import { WorkflowNotFoundError, type Client } from '@temporalio/client';

const RUNNING: readonly string[] = ['RUNNING', 'PAUSED'];
const ENDED: readonly string[] = [
  ...['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'CONTINUED_AS_NEW', 'TIMED_OUT'],
];

/** @throws while Temporal gives no answer, or one that is none */
export async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { name } = (await client.workflow.getHandle(workflowId).describe()).status;
    if (RUNNING.includes(name)) return true;
    if (ENDED.includes(name)) return false;
    // What it works on must not be swept for an answer that says nothing.
    throw new Error(`Temporal does not say whether ${workflowId} runs: its status is ${name}`);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
