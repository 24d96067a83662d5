import { expect, it } from 'vitest';
import { fileMonth } from '../warehouse/files.ts';
import { seededRandom } from '../test/support/random.ts';
import { firstDayOfMonth } from './ladder/calendar.ts';
import { LoadLog, type Change, type Publication, type PublishedLoad } from './load-log.ts';
import { DAY_MICROS, type Span } from './percentile/pickup-range.ts';

/** November 2023, whose first day is day 19,662 since 1970, and the two months after it; two files of the last one, and one without a month. */
const FILES = ['2023-11', '2023-12', '2024-01', '2024-01 (1)', 'x'].map((name) => `${name}.parquet`);

/** Most of its trips in its file's month, with strays anywhere. */
function randomLoad(random: () => number, sequence: number, filename: string): PublishedLoad {
  const days = new Map<number, number>();
  for (let count = Math.floor(random() * 40); count > 0; count -= 1) {
    const stray = random() < 0.05;
    const day = stray
      ? Math.floor((random() - 0.4) * 100_000)
      : 19_662 + FILES.indexOf(filename) * 30 + Math.floor(random() * 31);
    days.set(day, 1 + Math.floor(random() * 1_000));
  }
  return {
    sequence,
    source: 'yellow',
    filename,
    loadId: `${sequence} ${filename}`,
    version: '',
    rows: [...days.values()].reduce((sum, trips) => sum + trips, 0),
    rejected: Math.floor(random() * 3),
    days,
    dataThrough: null,
    publishedAt: '',
  };
}

/** A load of a file, a file that goes, a load that takes another name, or several at a time. */
function randomPublication(
  random: () => number,
  sequence: number,
  live: ReadonlyMap<string, PublishedLoad>,
): Publication {
  const source = 'yellow';
  const changes = new Map<string, Change>();
  for (let count = random() < 0.6 ? 1 : 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const filename = FILES[Math.floor(random() * FILES.length)]!;
    const gone = live.get(filename);
    const dice = random();
    if (gone !== undefined && dice < 0.3) changes.set(filename, { source, filename, load: null });
    else if (gone !== undefined && dice < 0.5) {
      const renamed = FILES[Math.floor(random() * FILES.length)]!;
      changes.set(filename, { source, filename, load: null });
      const load = { ...gone, sequence, filename: renamed, loadId: `${sequence} ${renamed}` };
      changes.set(renamed, { source, filename: renamed, load });
    } else changes.set(filename, { source, filename, load: randomLoad(random, sequence, filename) });
  }
  return { sequence, changes: [...changes.values()] };
}

const monthIn = ({ filename }: { filename: string }): number | undefined => {
  const month = fileMonth(filename);
  return month === '' ? undefined : Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
};

/** What is told of the files of the months that the span touches. */
function toldOfMonths(live: ReadonlyMap<string, PublishedLoad>, touches: (day: number) => boolean): string {
  const told = new Map<number, number>();
  for (const load of live.values()) {
    const month = monthIn(load);
    if (month === undefined) continue;
    for (let day = firstDayOfMonth(month); day < firstDayOfMonth(month + 1); day += 1)
      if (touches(day)) {
        told.set(month, (told.get(month) ?? 0) + load.rejected);
        break;
      }
  }
  return JSON.stringify([...told].toSorted(([one], [other]) => one - other));
}

/** By going through all publications, one by one. */
function plainly(publications: readonly Publication[], { from, to }: Span) {
  const touches = (day: number) => BigInt(day) * DAY_MICROS < to && BigInt(day + 1) * DAY_MICROS > from;
  const live = new Map<string, PublishedLoad>();
  let version = 0;
  let told = toldOfMonths(live, touches);
  for (const { sequence, changes } of publications) {
    for (const { filename, load } of changes) {
      const days = [...(live.get(filename)?.days.keys() ?? []), ...(load?.days.keys() ?? [])];
      if (days.some(touches)) version = sequence;
      if (load === null) live.delete(filename);
      else live.set(filename, load);
    }
    const now = toldOfMonths(live, touches);
    if (now !== told) version = sequence;
    told = now;
  }
  let trips = 0;
  for (const { days } of live.values()) for (const [day, count] of days) if (touches(day)) trips += count;
  return { version, trips, live };
}

it('knows the data version and the trips of any days, now and as they were', () => {
  const random = seededRandom(5);
  const publications: Publication[] = [];
  const log = new LoadLog();
  let live: ReadonlyMap<string, PublishedLoad> = new Map();
  const everything = { from: -(10n ** 15n), to: 10n ** 16n };
  for (let sequence = 2; sequence <= 100; sequence += 2) {
    const publication = randomPublication(random, sequence, live);
    publications.push(publication);
    log.append([publication]);
    ({ live } = plainly(publications, everything));
    const now = log.snapshot();
    expect([...now.liveByFile.values()].map(({ loadId }) => loadId).toSorted()).toEqual(
      [...live.values()].map(({ loadId }) => loadId).toSorted(),
    );
    const months = new Set([...live.values()].map(monthIn).filter((month) => month !== undefined));
    expect(now.publishedMonths).toEqual([...months].toSorted((one, other) => one - other));
    const rejected = [...live.values()].filter((load) => monthIn(load) !== undefined);
    expect(now.rejectedWithin(0, 1e6)).toBe(rejected.reduce((sum, load) => sum + load.rejected, 0));
    const past = Math.floor((random() * sequence) / 2);
    const then = log.snapshotAt(past * 2 + 1);
    expect(then.sequence).toBe(past * 2);
    for (let round = 0; round < 30; round += 1) {
      const from =
        BigInt(Math.floor(19_650 + random() * 150)) * DAY_MICROS + BigInt(Math.floor(random() * 2e11));
      const span =
        round === 0 ? everything : { from, to: from + 1n + BigInt(Math.floor(random() ** 3 * 2e13)) };
      const { live: _, ...expected } = plainly(publications, span);
      expect({ version: now.versionOf(span), trips: now.tripsAround(span) }).toEqual(expected);
      const { live: __, ...before } = plainly(publications.slice(0, past), span);
      expect({ version: then.versionOf(span), trips: then.tripsAround(span) }).toEqual(before);
    }
  }
  expect(log.snapshot().years.reduce((sum, { trips }) => sum + trips, 0)).toBe(
    log.snapshot().months.reduce((sum, { trips }) => sum + trips, 0),
  );
});
