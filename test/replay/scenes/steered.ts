import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { governorId, PUBLISHER_ID, watcherId } from '../../../workflows/messages.ts';
import { startHeldServer } from '../../support/held-server.ts';
import { startTripline } from '../../support/tripline.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { addressOf, fileId, filenameOf, SOURCE, type Scene } from '../recorder.ts';

/** Operators who roll back, retry, limit and reconcile; ingestions that somebody else starts or ends. */
export const steered: Scene = async ({ folder, withRecorder }) => {
  const write = (month: string, seed = 1, columns: Record<string, string | null> = {}) =>
    writeTrips({ path: join(folder, filenameOf(month)), month, rows: 5_000 + seed, seed, columns });
  const server = await startHeldServer(folder);
  const governor = governorId(new URL(server.url).host);
  await write('2022-01');
  await write('2022-02');
  await write('2021-12', 1, { trip_distance: null });
  const tripline = await startTripline({
    sourceUrl: server.url,
    env: { POLL_SECONDS: '20', CHUNK_BYTES: '65536' },
  });
  const { sql } = tripline;
  /** While it stands still, an activity that asks it stays under way. */
  const engine = (signal: 'SIGSTOP' | 'SIGCONT') => process.kill(tripline.part('clickhouse').pid, signal);

  const recording = withRecorder(addressOf(tripline), async ({ watcher, keep, client }) => {
    const handle = client.workflow.getHandle(watcherId(SOURCE));
    const update = (name: string, argument?: unknown): Promise<unknown> =>
      handle.executeUpdate<unknown, [unknown]>(name, { args: [argument] });
    /** Refused by the handler, not by the validator: that leaves its trace in the history. */
    const refused = (name: string, argument: unknown): Promise<void> =>
      update(name, argument).then(
        () => Promise.reject(new Error(`${name} was not refused`)),
        () => undefined,
      );
    /** The history has that many events of this type. */
    const happened = async (workflowId: string, type: string, count = 1): Promise<void> => {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      const found = events?.filter((event) => type in event && event[type as 'eventId'] !== null) ?? [];
      if (found.length < count) throw new Error(`${found.length} of ${count} ${type}`);
    };
    const happens = (workflowId: string, type: string, count = 1): Promise<true> =>
      until(`${workflowId}: ${type}`, () => happened(workflowId, type, count).then(() => true as const));

    await tripline.settled(3);
    await watcher.idle();
    const limits = { minConcurrent: 2, maxConcurrent: 4 };
    await client.workflow.getHandle(governor).executeUpdate('setLimits', { args: [limits] });
    await keep('origin-governor-limited', governor);
    await write('2022-01', 3);
    await watcher.tell('fileArrived', { filename: filenameOf('2022-01') });
    await until('it counts', async () => (await tripline.p90()).trips === 5_003 + 5_001);
    await watcher.idle();

    const filename = filenameOf('2022-01');
    engine('SIGSTOP');
    const goingBack = update('rollback', { filename });
    await happens(PUBLISHER_ID, 'workflowExecutionSignaledEventAttributes', 4);
    await keep('watch-source-rolling-back', watcherId(SOURCE));
    await keep('publisher-rolling-back', PUBLISHER_ID);
    engine('SIGCONT');
    await goingBack;
    await refused('rollback', { filename: filenameOf('2022-02') });
    await refused('rollback', { filename: filenameOf('2020-01') });
    await keep('watch-source-rolled-back', watcherId(SOURCE));
    await keep('publisher-rolled-back', PUBLISHER_ID);

    engine('SIGSTOP');
    const retrying = update('retryQuarantined', { filenames: [filename] });
    await happens(watcherId(SOURCE), 'workflowExecutionUpdateAcceptedEventAttributes', 4);
    await keep('watch-source-retrying', watcherId(SOURCE));
    engine('SIGCONT');
    await retrying;
    await until('it counts again', async () => (await tripline.p90()).trips === 5_003 + 5_001);
    await watcher.idle();
    await refused('retryQuarantined', { filenames: [filename] });
    await update('retryQuarantined');
    await watcher.idle();
    await keep('watch-source-retried', watcherId(SOURCE));
    await keep('ingest-file-retried', fileId('2022-01'));
    await keep('ingest-file-quarantined-again', fileId('2021-12'));

    // Ingested by somebody else when the watcher's turn comes, and loaded anew only afterwards.
    server.hold(filenameOf('2022-03'));
    await write('2022-03');
    await watcher.tell('pause');
    const input = { source: SOURCE, filename: filenameOf('2022-03'), hint: '', fromLake: false };
    const start = { taskQueue: 'tripline', workflowId: fileId('2022-03'), args: [input] };
    await client.workflow.start('ingestFile', start);
    await until('a chunk is on its way', () => server.held(filenameOf('2022-03')) > 0);
    await watcher.tell('backfill', { from: '2022-03', to: '2022-03', force: true });
    await watcher.tell('resume');
    await happens(watcherId(SOURCE), 'startChildWorkflowExecutionFailedEventAttributes');
    await keep('watch-source-starting-again', watcherId(SOURCE));
    server.release(filenameOf('2022-03'));
    await until('both have ended', async () => {
      const { backfills } = await watcher.status();
      return backfills.at(-1)?.looked === true && backfills.at(-1)?.remaining === 0;
    });
    await keep('watch-source-started-again', watcherId(SOURCE));

    // One that ends without a word.
    server.hold(filenameOf('2022-04'));
    await write('2022-04');
    await watcher.tell('fileArrived', { filename: filenameOf('2022-04') });
    await until('a chunk is on its way', () => server.held(filenameOf('2022-04')) > 0);
    await client.workflow.getHandle(fileId('2022-04')).terminate();
    server.release(filenameOf('2022-04'));
    await until(
      'it was looked after, and ingested',
      async () => (await tripline.p90()).trips === 5_003 + 3 * 5_001,
      { deadlineMs: 150_000, everyMs: 1_000 },
    );
    await watcher.idle();
    await keep('watch-source-looked-after', watcherId(SOURCE));

    const reconcile = (workflowId: string, ...args: unknown[]) =>
      client.workflow.start('reconcile', { workflowId, taskQueue: 'tripline', args });
    await (await reconcile('reconcile-refused', { source: 7 })).result().catch(() => undefined);
    await keep('reconcile-refused', 'reconcile-refused');
    await sql(`DELETE FROM trips WHERE trip_distance > 5 AND load_id =
      (SELECT load_id FROM files FINAL WHERE filename = '${filenameOf('2022-02')}')`);
    const lake = join(tripline.dataDir, 'lake');
    const keys = await sql(
      `SELECT lake_key FROM files FINAL WHERE filename = '${filenameOf('2022-04')}' FORMAT TSV`,
    );
    const key = keys.trim();
    rmSync(join(lake, readdirSync(lake).find((name) => name.startsWith(key)) ?? key));
    await (await reconcile('reconcile-reporting', { source: SOURCE })).result();
    await keep('reconcile-reported', 'reconcile-reporting');
    server.hold(filenameOf('2022-04'));
    const repairing = await reconcile('reconcile-repairing', { source: SOURCE, repair: true });
    await until('a chunk is on its way', () => server.held(filenameOf('2022-04')) > 0);
    await keep('reconcile-repairing', 'reconcile-repairing');
    await keep('reload-file-published', fileId('2022-02'));
    server.release(filenameOf('2022-04'));
    await repairing.result();
    await keep('reconcile-repaired', 'reconcile-repairing');
    const version = '"gone"';
    const gone = { source: SOURCE, filename, version, month: '2022-01', lakeKey: 'gone', sizeBytes: 1 };
    const reload = { taskQueue: 'tripline', workflowId: fileId('2022-01') };
    await client.workflow.execute('reloadFile', { ...reload, args: [{ ...gone, record: null }] });
    await keep('reload-file-failed', fileId('2022-01'));

    server.break(true);
    await watcher.tell('fileArrived', { filename });
    await until('the poll failed', async () => (await watcher.status()).problem !== null, {
      deadlineMs: 90_000,
    });
    await keep('origin-governor-broken', governor);
  });
  try {
    await recording;
  } finally {
    await tripline.stop();
    await server.close();
  }
};
