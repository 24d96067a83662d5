/** Fetching from an origin that is far away and slow on each connection, against one stream per file. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './ingest.ts';
import { until } from '../test/support/until.ts';
import { prepareMonths } from './months.ts';
import { startSystem } from './system.ts';

const LATENCY_MS = 40;
const BYTES_PER_SECOND = 30e6;

export async function measureLatency({
  cache,
  rows,
  largeRows,
}: {
  cache: string;
  rows: number;
  largeRows: number;
}): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [month, size] of [
    ['2024-01', rows],
    ['2022-01', largeRows],
  ] as const) {
    const { folder, names } = await prepareMonths({ cache, months: [month], rows: size });
    const [name = ''] = names;
    const system = await startSystem({ folder, latencyMs: LATENCY_MS, bytesPerSecond: BYTES_PER_SECOND });
    try {
      const began = performance.now();
      const response = await fetch(`${system.origin.url}${name}`);
      for await (const piece of response.body ?? []) void piece;
      const stream = performance.now() - began;
      const before = system.origin.fetched(name)?.requests ?? 0;
      system.origin.forget();
      system.origin.reveal(names);
      await until(
        'the file is whole in the lake',
        async () => (await system.warehouse.rows('SELECT load_id FROM load_attempts LIMIT 1')).length > 0,
        { deadlineMs: 300_000 },
      );
      const fetched = system.origin.fetched(name);
      if (fetched === undefined || before === 0) throw new Error('nothing was fetched');
      const took = fetched.lastByte - fetched.firstRequest;
      measured.push({
        what: `fetching ${Math.round(statSync(join(folder, name)).size / 1e6)} MB at ${LATENCY_MS} ms and ${BYTES_PER_SECOND / 1e6} MB/s per connection: ${Math.round(took)} ms in ${fetched.requests} requests, one stream ${Math.round(stream)} ms`,
        value: `${(stream / took).toFixed(2)} ×`,
        target: '≥ 3 ×',
      });
    } finally {
      await system.stop();
    }
  }
  return measured;
}
