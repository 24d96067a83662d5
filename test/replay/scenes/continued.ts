import { join } from 'node:path';
import { governorId } from '../../../workflows/messages.ts';
import { startFileServer } from '../../support/file-server.ts';
import { startTemporalServer } from '../../support/temporal-server.ts';
import { startTripline } from '../../support/tripline.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { filenameOf, type Scene } from '../recorder.ts';

/** With a server that suggests to continue as new early on. */
export const continued: Scene = async ({ folder, withRecorder }) => {
  const server = await startTemporalServer({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=50'] });
  const origin = await startFileServer(folder);
  const tripline = await startTripline({
    sourceUrl: origin.url,
    env: { TEMPORAL_ADDRESS: server.address, POLL_SECONDS: '1' },
  });
  const recording = withRecorder(server.address, async ({ keep, client, watcher }) => {
    const runs = async (type: string): Promise<{ workflowId: string; runId: string; status: string }[]> => {
      const found = [];
      for await (const { workflowId, runId, status, startTime } of client.workflow.list({
        query: `WorkflowType = '${type}'`,
      }))
        found.push({ workflowId, runId, status: status.name, startedAt: startTime.getTime() });
      return found.toSorted((one, other) => one.startedAt - other.startedAt);
    };
    for (let month = 1; month <= 8; month += 1) {
      const path = join(folder, filenameOf(`2023-0${month}`));
      await writeTrips({ path, month: `2023-0${month}`, rows: 1_000 });
    }
    await tripline.settled(8);
    const keepTwo = async (type: string, state: string, nudge?: () => Promise<unknown>): Promise<void> => {
      const [first, second] = await until(`${type} has continued`, async () => {
        await nudge?.();
        const all = await runs(type);
        return all.length > 1 && all;
      });
      if (first === undefined || second === undefined) throw new Error('no runs');
      await keep(`${state}-continued-as-new`, first.workflowId, first.runId);
      await keep(`${state}-carried-on`, second.workflowId, second.runId);
    };
    await keepTwo('watchSource', 'watch-source');
    await keepTwo('publisher', 'publisher');
    const governor = client.workflow.getHandle(governorId(new URL(origin.url).host));
    await keepTwo('originGovernor', 'origin-governor', () =>
      governor.executeUpdate('setLimits', { args: [{ maxConcurrent: 8 }] }),
    );

    await watcher.tell('pause');
    await until('it is paused', async () => (await watcher.status()).paused);
    const before = (await runs('watchSource')).length;
    const paused = await until('it has continued while it was paused', async () => {
      await watcher.tell('fileArrived', { filename: filenameOf('2023-09') });
      const all = await runs('watchSource');
      return all.length > before + 1 && all.at(-2);
    });
    await keep('watch-source-continued-while-paused', paused.workflowId, paused.runId);
  });
  try {
    await recording;
  } finally {
    await tripline.stop();
    await server.stop();
    await origin.close();
  }
};
