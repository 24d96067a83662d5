import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { governorId, PUBLISHER_ID, SWEEP_ID, watcherId } from '../../../workflows/messages.ts';
import { startHeldServer } from '../../support/held-server.ts';
import { startTripline } from '../../support/tripline.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { addressOf, fileId, filenameOf, SOURCE, type Scene } from '../recorder.ts';

/** Files that come, are replaced, are broken; people who pause, resume and backfill; a source that is away. */
export const everyday: Scene = async ({ folder, withRecorder }) => {
  const write = (month: string, seed = 1) =>
    writeTrips({ path: join(folder, filenameOf(month)), month, rows: 5_000 + seed, seed });
  const server = await startHeldServer(folder);
  await write('2022-01');
  await write('2022-02');
  writeFileSync(join(folder, filenameOf('2021-12')), 'this is not a Parquet file');
  const tripline = await startTripline({
    sourceUrl: server.url,
    env: { POLL_SECONDS: '2', CHUNK_BYTES: '65536', KEEP_LOADS_HOURS: '0' },
  });
  const recording = withRecorder(addressOf(tripline), async ({ watcher, keep, client }) => {
    const { idle } = watcher;
    await tripline.settled(3);
    await idle();
    await keep('ingest-file-published', fileId('2022-01'));
    await keep('ingest-file-quarantined', fileId('2021-12'));
    await keep('watch-source-running', watcherId(SOURCE));

    // A file that changes while its first chunk is on its way: 412, and again as the new version.
    server.hold(filenameOf('2022-03'));
    await write('2022-03');
    await until('a chunk is on its way', () => server.held(filenameOf('2022-03')) > 0);
    await keep('ingest-file-fetching', fileId('2022-03'));
    await keep('watch-source-ingesting', watcherId(SOURCE));
    await write('2022-03', 2);
    await watcher.tell('fileArrived', { filename: filenameOf('2022-03') });
    await until('the ingestion was told', async () => {
      const { events } = await client.workflow.getHandle(fileId('2022-03')).fetchHistory();
      return events?.some(
        (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'newVersion',
      );
    });
    server.release(filenameOf('2022-03'));
    await tripline.settled(4);
    await idle();
    await keep('ingest-file-replaced', fileId('2022-03'));

    // A file that was published already, as a new version: another run of its workflow.
    await write('2022-01', 3);
    await watcher.tell('fileArrived', { filename: filenameOf('2022-01') });
    await until('it counts', async () => (await tripline.p90()).trips === 5_003 + 5_001 + 5_002);
    await idle();
    await keep('ingest-file-published-again', fileId('2022-01'));

    await watcher.tell('pause');
    await until('it is paused', async () => (await watcher.status()).paused);
    await watcher.tell('backfill', { from: '2022-01', to: '2022-02', force: true });
    await watcher.tell('backfill', { from: '2022-13', to: 'now' });
    await watcher.tell('fileArrived', { filename: filenameOf('2022-04') });
    await until('all was heard', async () => (await watcher.status()).mistakes.length === 1);
    await keep('watch-source-paused', watcherId(SOURCE));
    const { dataVersion } = await tripline.p90();
    await watcher.tell('resume');
    await until('both were loaded again', async () => (await tripline.p90()).dataVersion === dataVersion + 2);
    await watcher.tell('backfill', { from: '2022-01', to: '2022-12' });
    await idle();
    await keep('watch-source-backfilled', watcherId(SOURCE));
    await keep('ingest-file-from-lake', fileId('2022-02'));

    server.break(true);
    await until('the poll failed', async () => (await watcher.status()).problem !== null);
    await keep('watch-source-troubled', watcherId(SOURCE));
    await keep('publisher-running', PUBLISHER_ID);

    await client.schedule.getHandle(SWEEP_ID).trigger();
    const swept = await until('the sweep has ended', async () => {
      for await (const one of client.workflow.list({ query: "WorkflowType = 'sweep'" })) {
        if (one.status.name === 'COMPLETED') return one;
      }
      return undefined;
    });
    await keep('sweep', swept.workflowId);
    await keep('publisher-released', PUBLISHER_ID);
    await keep('origin-governor', governorId(new URL(server.url).host));
    server.break(false);

    // Trips that are lost: found, and loaded again from the lake.
    await tripline.sql('DELETE FROM trips WHERE trip_distance > 5');
    const args = [{ source: SOURCE, repair: true }];
    await client.workflow.execute('reconcile', { workflowId: 'reconcile', taskQueue: 'tripline', args });
    await keep('reconcile', 'reconcile');
    for await (const { workflowId } of client.workflow.list({
      query: "WorkflowType = 'reloadFile'",
      pageSize: 1,
    })) {
      await keep('reload-file', workflowId);
      break;
    }
  });
  try {
    await recording;
  } finally {
    await tripline.stop();
    await server.close();
  }
};
