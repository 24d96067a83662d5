/** From a file's appearance, told by a signal, to the first answer that counts it. */
import { join } from 'node:path';
import { until } from '../test/support/until.ts';
import { loadWithEngineAlone } from './engine-alone.ts';
import type { Measured } from './ingest.ts';
import { monthsFrom, prepareMonths } from './months.ts';
import { startSystem } from './system.ts';

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

export async function measureFreshness({
  cache,
  files,
  rows,
}: {
  cache: string;
  files: number;
  rows: number;
}): Promise<Measured[]> {
  const { folder, names } = await prepareMonths({ cache, months: monthsFrom('2024-01', files), rows });
  const { milliseconds: alone } = await loadWithEngineAlone(names.map((name) => join(folder, name)));
  const system = await startSystem({ folder, env: { POLL_SECONDS: '3600' } });
  try {
    const watcher = system.client.workflow.getHandle(`source:${system.sourceName}`);
    const took: number[] = [];
    for (const [index, filename] of names.entries()) {
      system.origin.reveal(names.slice(0, index + 1));
      const appeared = performance.now();
      await watcher.signal('fileArrived', { filename });
      await until(
        `an answer counts ${filename}`,
        async () => (await system.tripline.p90()).trips > index * rows,
        { everyMs: 5 },
      );
      took.push(performance.now() - appeared - (alone[index] ?? 0));
    }
    return [
      {
        what: `freshness: from the signal to the first p90 that counts the file, less the engine's own load (median ${Math.round(median(alone))} ms); ${files} files of ${rows} trips; ${Math.round(Math.min(...took))} to ${Math.round(Math.max(...took))} ms`,
        value: `${Math.round(median(took))} ms`,
        target: '≤ 1000 ms',
      },
    ];
  } finally {
    await system.stop();
  }
}
