import { expect, it } from 'vitest';
import { seededRandom } from '../test/support/random.ts';
import { LoadLog, type Publication } from './load-log.ts';
import { DAY_MICROS, type Span } from './percentile/pickup-range.ts';

const FILES = 6;

/** A load of one of six files, most of its trips in that file's month, with strays anywhere. */
function randomPublication(random: () => number, sequence: number): Publication {
  const file = Math.floor(random() * FILES);
  const days = new Map<number, number>();
  for (let count = Math.floor(random() * 40); count > 0; count -= 1) {
    const stray = random() < 0.05;
    const day = stray
      ? Math.floor((random() - 0.4) * 100_000)
      : 19_700 + file * 30 + Math.floor(random() * 31);
    days.set(day, 1 + Math.floor(random() * 1_000));
  }
  const rows = [...days.values()].reduce((sum, trips) => sum + trips, 0);
  const filename = `${file}.parquet`;
  return {
    sequence,
    source: 'yellow',
    filename,
    loadId: `${sequence}`,
    version: '',
    rows,
    days,
    dataThrough: null,
    publishedAt: '',
  };
}

/** By going through all publications, one by one. */
function plainly(publications: readonly Publication[], { from, to }: Span) {
  const touches = (day: number) => BigInt(day) * DAY_MICROS < to && BigInt(day + 1) * DAY_MICROS > from;
  const live = new Map<string, Publication>();
  let version = 0;
  for (const publication of publications) {
    const before = live.get(publication.filename);
    const days = [...(before?.days.keys() ?? []), ...publication.days.keys()];
    if (days.some(touches)) version = publication.sequence;
    live.set(publication.filename, publication);
  }
  let trips = 0;
  for (const { days } of live.values()) for (const [day, count] of days) if (touches(day)) trips += count;
  return { version, trips };
}

it('knows the data version and the trips of any days, now and as they were', () => {
  const random = seededRandom(5);
  const publications: Publication[] = [];
  const log = new LoadLog();
  for (let sequence = 1; sequence <= 60; sequence += 1) {
    const publication = randomPublication(random, sequence);
    publications.push(publication);
    log.append([publication]);
    const now = log.snapshot();
    const past = Math.floor(random() * (sequence + 1));
    const then = log.snapshotAt(past);
    expect(then.sequence).toBe(past);
    for (let round = 0; round < 30; round += 1) {
      const from =
        BigInt(Math.floor(19_650 + random() * 250)) * DAY_MICROS + BigInt(Math.floor(random() * 2e11));
      const span =
        round === 0
          ? { from: -(10n ** 15n), to: 10n ** 16n }
          : { from, to: from + 1n + BigInt(Math.floor(random() ** 3 * 2e13)) };
      const expected = plainly(publications, span);
      expect({ version: now.versionOf(span), trips: now.tripsAround(span) }).toEqual(expected);
      const before = plainly(publications.slice(0, past), span);
      expect({ version: then.versionOf(span), trips: then.tripsAround(span) }).toEqual(before);
    }
  }
  expect(log.snapshot().years.reduce((sum, { trips }) => sum + trips, 0)).toBe(
    log.snapshot().months.reduce((sum, { trips }) => sum + trips, 0),
  );
});
