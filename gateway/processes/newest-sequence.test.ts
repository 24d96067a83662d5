import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNewestSequence } from './newest-sequence.ts';

it('tells each process the newest of all, also where one is behind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-sequence-'));
  const path = join(folder, 'newest');
  writeFileSync(path, '');
  const [first, second] = [0, 1].map((slot) => openNewestSequence({ path, slot, slots: 2 }));
  expect(first!.read()).toBe(0);
  second!.announce(7);
  first!.announce(5);
  expect([first!.read(), second!.read()]).toEqual([7, 7]);
  first!.announce(2 ** 40);
  expect(second!.read()).toBe(2 ** 40);
  first!.close();
  second!.close();
  rmSync(folder, { recursive: true });
});
