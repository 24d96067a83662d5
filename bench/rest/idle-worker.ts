/**
 * The least that a worker can be: Temporal's SDK with one workflow that waits for ever, and nothing else.
 *
 *     node config/program/run.mjs bench/rest/idle-worker.ts 127.0.0.1:7233
 *
 * Prints `idle` once the workflow waits.
 */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';

const TASK_QUEUE = 'idle';
const address = process.argv[2] ?? '127.0.0.1:7233';
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('idle-workflow.ts', import.meta.url)),
  activities: { nothing: async () => undefined },
});
const running = worker.run();
const connection = await Connection.connect({ address });
const { workflow } = new Client({ connection });
await workflow.start('idle', { taskQueue: TASK_QUEUE, workflowId: 'idle' });
await workflow.getHandle('idle').query('isIdle');
await connection.close();
process.stdout.write('idle\n');
await running;
