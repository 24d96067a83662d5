/** Peak resident memory over one large file of a single row group. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './ingest.ts';
import { prepareMonths } from './months.ts';
import { startSystem } from './system.ts';

export async function measureMemory({ cache, rows }: { cache: string; rows: number }): Promise<Measured[]> {
  // Until 2023-01 a file was one row group.
  const { folder, names, label } = await prepareMonths({ cache, months: ['2022-01'], rows });
  const [name = ''] = names;
  const system = await startSystem({ folder });
  try {
    const idle = { worker: system.peakMegabytes('worker'), engine: system.peakMegabytes('clickhouse') };
    system.origin.reveal(names);
    const published = await system.published(1);
    const took = published - (system.origin.listedAt() ?? published);
    const file = `${Math.round(statSync(join(folder, name)).size / 1e6)} MB, ${rows} ${label} trips, ${(took / 1_000).toFixed(1)} s`;
    return [
      {
        what: `peak memory of the worker (${file}; before: ${idle.worker} MB)`,
        value: `${system.peakMegabytes('worker')} MB`,
        target: '≤ 300 MB',
      },
      {
        what: `peak memory of the engine (before: ${idle.engine} MB)`,
        value: `${system.peakMegabytes('clickhouse')} MB`,
        target: 'reported',
      },
    ];
  } finally {
    await system.stop();
  }
}
