/** A backlog of months, against the engine alone. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { loadWithEngineAlone } from './engine-alone.ts';
import type { Measured } from './ingest.ts';
import { monthsFrom, prepareMonths } from './months.ts';
import { startSystem } from './system.ts';
import { whereTimeGoes } from './where-time-goes.ts';

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;

export async function measureBacklog({
  cache,
  months,
  rows,
  rounds,
}: {
  cache: string;
  months: number;
  rows: number;
  rounds: number;
}): Promise<Measured[]> {
  const { folder, names, label } = await prepareMonths({
    cache,
    months: monthsFrom('2024-01', months),
    rows,
  });
  const paths = names.map((name) => join(folder, name));
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const measured: Measured[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const engine = await loadWithEngineAlone(paths);
    const alone = engine.milliseconds.reduce((sum, took) => sum + took, 0);
    const system = await startSystem({ folder });
    try {
      const before = system.cpuSeconds();
      system.origin.reveal(names);
      const publishedAt = await system.published(months);
      const took = publishedAt - (system.origin.listedAt() ?? publishedAt);
      const ids = names.map((name) => `ingest:${system.sourceName}:${name}`);
      console.table(await whereTimeGoes(system, ids));
      const used = Object.entries(system.cpuSeconds()).map(
        ([part, now]) => [part, now - (before[part] ?? 0)] as const,
      );
      const all = used.reduce((sum, [, cpu]) => sum + cpu, 0);
      measured.push({
        what: `its processor time: ${used.map(([part, cpu]) => `${part} ${cpu.toFixed(1)} s`).join(', ')}; engine alone ${engine.cpuSeconds.toFixed(1)} s`,
        value: (all / engine.cpuSeconds).toFixed(2),
        target: 'reported',
      });
      measured.push({
        what: `backlog of ${months} months × ${rows} ${label} trips (${Math.round(bytes / 1e6)} MB), round ${round}: ${seconds(took)}, engine alone ${seconds(alone)}`,
        value: (took / alone).toFixed(2),
        target: '≤ 1.25',
      });
    } finally {
      await system.stop();
    }
  }
  return measured;
}
