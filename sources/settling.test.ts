import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSettling } from './settling.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tripline-settling-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('settling', () => {
  const whole = 'PAR1 anything PAR1';
  const clocks = () => {
    const clock = {
      wallMs: 1_000_000,
      elapsedMs: 0,
      now: () => clock.wallMs,
      elapsed: () => clock.elapsedMs,
    };
    return clock;
  };

  it('takes a whole file after a second and anything else after five', async () => {
    const clock = clocks();
    const { isSettled } = createSettling(clock);
    const file = join(folder, 'a.parquet');
    const look = { file, version: '1', mtimeMs: clock.wallMs, sizeBytes: whole.length };
    await writeFile(file, whole);
    expect(await isSettled(look)).toBe(false);
    clock.wallMs += 999;
    expect(await isSettled(look)).toBe(false);
    clock.wallMs += 1;
    expect(await isSettled(look)).toBe(true);
    await writeFile(file, whole.slice(0, -1));
    expect(await isSettled({ ...look, sizeBytes: whole.length - 1 })).toBe(false);
    clock.wallMs += 4_000;
    expect(await isSettled({ ...look, sizeBytes: whole.length - 1 })).toBe(true);
  });

  it('lists a file from the future once it has been seen unchanged', async () => {
    const clock = clocks();
    const { isSettled } = createSettling(clock);
    const file = join(folder, 'a.parquet');
    await writeFile(file, whole);
    const look = { file, version: '1', mtimeMs: clock.wallMs + 3_600_000, sizeBytes: whole.length };
    expect(await isSettled(look)).toBe(false);
    clock.elapsedMs += 1_000;
    expect(await isSettled({ ...look, version: '2' })).toBe(false);
    clock.elapsedMs += 1_000;
    expect(await isSettled({ ...look, version: '2' })).toBe(true);
  });

  it('counts from anew for a file that went and came back', async () => {
    const clock = clocks();
    const { isSettled, forgetAllBut } = createSettling(clock);
    const file = join(folder, 'a.parquet');
    await writeFile(file, whole);
    const look = { file, version: '1', mtimeMs: clock.wallMs + 3_600_000, sizeBytes: whole.length };
    await isSettled(look);
    clock.elapsedMs += 10_000;
    forgetAllBut(new Set());
    expect(await isSettled(look)).toBe(false);
  });
});
