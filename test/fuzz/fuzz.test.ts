/** Damaged files are read as DuckDB reads them, or refused with a reason. `npm run test:fuzz` tries many more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runFuzz, type FuzzCase } from './run-fuzz.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it(
  '60 damaged files are read as an independent reader reads them, or quarantined',
  { timeout: 240_000 },
  async () => {
    const cases: FuzzCase[] = [];
    // The last one makes a reader thread of the engine spin for ever.
    const seeds = [...Array.from({ length: 59 }, (_, index) => index + 1), 67];
    // That the engine ends itself then is shown by engine-recovery.test.ts; here it would spin for half a minute.
    await runFuzz({ folder, seeds, onCase: (done) => void cases.push(done), deafAfterMs: 8_000 });
    expect(cases.filter(({ outcome }) => outcome === 'different')).toEqual([]);
    expect(cases.filter(({ outcome }) => outcome === 'unharmed').length).toBeLessThan(6);
    expect(cases.at(-1)?.outcome).toBe('quarantined');
    expect(cases.filter(({ outcome }) => outcome === 'equal').length).toBeGreaterThan(10);
    for (const { outcome, detail } of cases)
      if (outcome === 'quarantined') expect(detail).toMatch(/^[A-Z_]+: ./);
  },
);
