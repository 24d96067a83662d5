import { expect, it } from 'vitest';
import { madeSnapshot } from '../../test/support/made-snapshot.ts';
import type { StatementOptions, Warehouse } from '../../warehouse/warehouse.ts';
import { createScans } from './scans.ts';

const DAY = 86_400_000_000n;

it('each statement of an audit has a deadline, the check after it too', async () => {
  const asked: StatementOptions[] = [];
  const rows = (_: string, options: StatementOptions) => {
    asked.push(options);
    return Promise.resolve([{ trips: 1, below: 0, equal: 1 }]);
  };
  const scans = createScans({ warehouse: { rows } as unknown as Warehouse });
  const snapshot = madeSnapshot({ file: 'a', days: [0] });
  await scans.standing(snapshot, { from: 0n, to: DAY }, 1);
  expect(asked.map(({ deadlineMs }) => deadlineMs)).toEqual([60_000, 60_000]);
});
