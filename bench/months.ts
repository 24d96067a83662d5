/** Full-scale months to measure with, made once and kept. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEngineProcess } from '../test/integration/engine-process.ts';
import { generateMonth } from '../sources/demo/generate-month.ts';

const run = promisify(execFile);
/** Resamples real trips; beside the checkout, and needs pyarrow. */
const RESAMPLER = fileURLToPath(new URL('../../shared/tools/make_months.py', import.meta.url));

export interface Months {
  folder: string;
  names: string[];
  /** What the trips are: real ones drawn again, or made up. */
  label: 'resampled' | 'generated';
}

/** @param cache where they are kept */
export async function prepareMonths({
  cache,
  months,
  rows,
}: {
  cache: string;
  months: readonly string[];
  rows: number;
}): Promise<Months> {
  const canResample =
    existsSync(RESAMPLER) &&
    (await run('python3', ['-c', 'import pyarrow, numpy']).then(
      () => true,
      () => false,
    ));
  const label = canResample ? 'resampled' : 'generated';
  const folder = join(cache, `${label}-${rows}`);
  mkdirSync(folder, { recursive: true });
  const nameOf = (month: string) => `yellow_tripdata_${month}.parquet`;
  const missing = months.filter((month) => !existsSync(join(folder, nameOf(month))));
  if (missing.length > 0) {
    console.info(`making ${missing.length} months of ${rows} ${label} trips in ${folder}`);
    if (canResample) await run('python3', [RESAMPLER, '--out', folder, '--rows', String(rows), ...missing]);
    else await generate({ folder, months: missing, rows });
  }
  return { folder, names: months.map(nameOf), label };
}

async function generate(of: { folder: string; months: readonly string[]; rows: number }): Promise<void> {
  const dataDir = join(of.folder, 'engine');
  const engine = await startEngineProcess(dataDir);
  try {
    for (const month of of.months) {
      const path = join(of.folder, `yellow_tripdata_${month}.parquet`);
      await generateMonth({ month, rows: of.rows, seed: 1, engineUrl: engine.as('reader'), path });
    }
  } finally {
    await engine.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** `count` months from `first` (`YYYY-MM`) on. */
export function monthsFrom(first: string, count: number): string[] {
  const start = Number(first.slice(0, 4)) * 12 + Number(first.slice(5)) - 1;
  return Array.from({ length: count }, (_, index) => {
    const month = start + index;
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;
  });
}
