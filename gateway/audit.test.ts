import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createAudit, type GivenAnswer } from './audit.ts';
import { StaleLiveListError } from './ladder/pages.ts';
import { LoadLog } from './load-log.ts';
import { closeRange } from './percentile/pickup-range.ts';

interface Standing {
  trips: number;
  below: number;
  equal: number;
}

const GIVEN: GivenAnswer = {
  snapshot: new LoadLog().snapshot(),
  span: closeRange({}),
  percentile: { value: 2.5, trips: 10, below: 8, equal: 1, above: 1, rank: 9 },
};
const RIGHT = { trips: 10, below: 8, equal: 1 };

function auditing(
  standing: () => Promise<Standing>,
  { share = 1, random = () => 0.5 }: { share?: number; random?: () => number } = {},
) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    {},
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const registry = new Registry();
  const audit = createAudit({ scans: { standing }, share, registry, logger, random });
  const counts = async (): Promise<Record<string, number>> => {
    const metric = await registry.getSingleMetric('tripline_audited_answers_total')!.get();
    return Object.fromEntries(metric.values.map(({ labels, value }) => [String(labels['outcome']), value]));
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { audit, counts, lines, settled };
}

describe('an audit', () => {
  it('counts an answer that was right', async () => {
    const { audit, counts, lines, settled } = auditing(() => Promise.resolve(RIGHT));
    audit.consider(GIVEN);
    await settled();
    expect(await counts()).toEqual({ equal: 1, mismatch: 0, skipped: 0 });
    expect([audit.mismatches(), lines]).toEqual([0, []]);
  });

  it.each([
    { ...RIGHT, trips: 11 },
    { ...RIGHT, below: 7 },
    { ...RIGHT, equal: 2 },
  ])('counts and logs an answer that was wrong: %o', async (found) => {
    const { audit, counts, lines, settled } = auditing(() => Promise.resolve(found));
    audit.consider(GIVEN);
    await settled();
    expect(await counts()).toEqual({ equal: 0, mismatch: 1, skipped: 0 });
    expect(audit.mismatches()).toBe(1);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 50,
        msg: 'an answer was wrong',
        given: { value: 2.5, ...RIGHT },
        found,
        range: { from: '1900-01-01T00:00:00', to: '2299-12-31T00:00:00' },
      }),
    ]);
  });

  it('compares the trips alone where there was no value', async () => {
    const none = { value: null, trips: 0, below: 0, equal: 0, above: 0, rank: 0 };
    for (const [trips, mismatches] of [
      [0, 0],
      [1, 1],
    ] as const) {
      const { audit, settled } = auditing(() => Promise.resolve({ trips, below: 0, equal: trips }));
      audit.consider({ ...GIVEN, percentile: none });
      await settled();
      expect(audit.mismatches()).toBe(mismatches);
    }
  });

  it.each([
    [new StaleLiveListError('swept'), 0],
    [new Error('away'), 1],
  ])('skips what it cannot know: %o', async (error, logged) => {
    const { audit, counts, lines, settled } = auditing(async () => {
      throw error;
    });
    audit.consider(GIVEN);
    await settled();
    expect(await counts()).toEqual({ equal: 0, mismatch: 0, skipped: 1 });
    expect([audit.mismatches(), lines.length]).toEqual([0, logged]);
  });

  it('makes one at a time, of its share', async () => {
    let asked = 0;
    let answer: (standing: Standing) => void = () => undefined;
    const standing = () =>
      new Promise<Standing>((resolve) => {
        asked += 1;
        answer = resolve;
      });
    const draws = [0.3, 0.1, 0.1, 0.29, 0.31];
    const { audit, settled } = auditing(standing, { share: 0.3, random: () => draws.shift() ?? 1 });
    audit.consider(GIVEN);
    expect(asked).toBe(0);
    audit.consider(GIVEN);
    audit.consider(GIVEN);
    expect(asked).toBe(1);
    answer(RIGHT);
    await settled();
    for (let index = 0; index < 3; index += 1) audit.consider(GIVEN);
    expect(asked).toBe(2);
  });

  it('makes none with a share of 0', () => {
    let asked = 0;
    const standing = async () => ({ ...RIGHT, trips: (asked += 1) });
    auditing(standing, { share: 0, random: () => 0 }).audit.consider(GIVEN);
    expect(asked).toBe(0);
  });
});
