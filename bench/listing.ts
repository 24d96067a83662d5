/** The watcher over a source that lists very many files, all known. */
import { prepareMonths } from './months.ts';
import type { Measured } from './ingest.ts';
import { HINT } from './origin.ts';
import { startSystem } from './system.ts';
import { until } from '../test/support/until.ts';
import { whereTimeGoes } from './where-time-goes.ts';

/** Polls that are looked at. */
const POLLS = 20;

export async function measureListing({
  cache,
  files,
}: {
  cache: string;
  files: number;
}): Promise<Measured[]> {
  const { folder } = await prepareMonths({ cache, months: ['2024-01'], rows: 100_000 });
  const system = await startSystem({ folder });
  try {
    const names = Array.from(
      { length: files },
      (_, index) => `known_${String(index).padStart(6, '0')}.parquet`,
    );
    await system.warehouse.insert(
      'files',
      names.map((filename) => ({
        source: system.sourceName,
        filename,
        version: 'v',
        stage: 'QUARANTINED',
        reason: 'UNREADABLE: for the measurement',
        hint: HINT,
        size_bytes: 1_000_000,
        revision: 1,
      })),
    );
    const workflowId = `source:${system.sourceName}`;
    const describe = () => system.client.workflow.getHandle(workflowId).describe();
    const history = async () => {
      const { raw } = await describe();
      return {
        events: Number(String(raw.workflowExecutionInfo?.historyLength)),
        bytes: Number(String(raw.workflowExecutionInfo?.historySizeBytes)),
      };
    };
    const idle = system.peakMegabytes('worker');
    system.origin.reveal(names);
    await until('the listing is looked at', () => system.origin.listedAt() !== undefined);
    const before = await history();
    await until('some polls more', async () => (await history()).events >= before.events + POLLS * 6, {
      deadlineMs: 240_000,
      everyMs: 500,
    });
    const after = await history();
    const [poll] = (await whereTimeGoes(system, [workflowId])).filter(({ step }) => step === 'listChanges');
    const perPoll = (after.bytes - before.bytes) / ((after.events - before.events) / 11);
    return [
      {
        what: `the watcher over ${files} listed files: listChanges, mean of ${poll?.times ?? 0} polls`,
        value: `${poll?.mean ?? NaN} ms`,
        target: 'reported',
      },
      {
        what: `its history: ${after.events} events, ${Math.round(after.bytes / 1_000)} kB; grew in ${after.events - before.events} events`,
        value: `${((after.bytes - before.bytes) / 1_000).toFixed(1)} kB, ${Math.round(perPoll)} bytes a poll`,
        target: 'reported',
      },
      {
        what: `peak memory of the worker (before: ${idle} MB)`,
        value: `${system.peakMegabytes('worker')} MB`,
        target: 'reported',
      },
    ];
  } finally {
    await system.stop();
  }
}
