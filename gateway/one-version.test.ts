/** At one data version there is one answer, however much is published elsewhere. */
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { asking } from '../test/support/answers.ts';
import { seededRandom } from '../test/support/random.ts';
import { createAnswers, type Answers, type PercentileAnswer } from './answers.ts';
import { HistogramBuilder } from './ladder/histogram.ts';
import type { Ladder } from './ladder/ladder.ts';
import { parseLevel } from './ladder/level.ts';
import type { Admission } from './limits/admission.ts';
import type { LiveLoads } from './live-loads.ts';
import { LoadLog, type Publication, type Snapshot } from './load-log.ts';
import { DAY_MICROS, type Span } from './percentile/pickup-range.ts';
import type { Scans } from './scans/scans.ts';

/** 1 January 2023, in days since 1970. */
const FIRST = 19_358;
const MONTHS = ['2023-01', '2023-02', '2023-03', '2023-04', ''];

/** Mostly days of its month, with strays anywhere, or with no trip in its month at all; or a file that goes, or that takes another name. */
function randomPublication(random: () => number, sequence: number): Publication {
  const source = 'yellow';
  const month = Math.floor(random() * MONTHS.length);
  // Two files a month, each replaced now and then.
  const filename = `yellow_tripdata_${MONTHS[month]}_${Math.floor(random() * 2)}.parquet`;
  const gone = {
    source,
    filename: `yellow_tripdata_${MONTHS[Math.floor(random() * 4)]}_0.parquet`,
    load: null,
  };
  if (sequence > 1 && random() < 0.2) return { sequence, changes: [gone] };
  const isAstray = random() < 0.2;
  const days = new Map<number, number>();
  for (let count = Math.floor(random() * 5); count >= 0; count -= 1) {
    const day =
      isAstray || random() < 0.2
        ? FIRST + Math.floor((random() - 0.3) * 300)
        : FIRST + month * 30 + Math.floor(random() * 28);
    days.set(day, 1 + Math.floor(random() * 3));
  }
  const rows = [...days.values()].reduce((sum, trips) => sum + trips, 0);
  const dataThrough = isAstray
    ? null
    : `2023-0${month + 1}-${10 + Math.floor(random() * 18)} 00:00:00.000000`;
  const load = {
    sequence,
    source,
    filename,
    loadId: `${sequence}`,
    version: '',
    rows,
    rejected: Math.floor(random() * 2),
    days,
    dataThrough,
    publishedAt: '',
  };
  const renames = random() < 0.2 && gone.filename !== filename;
  return { sequence, changes: [...(renames ? [gone] : []), { source, filename, load }] };
}

/** The trips of each live load on the days that the span touches, as long as its sequence tells. */
function histogramOf(snapshot: Snapshot, { from, to }: Span) {
  const builder = new HistogramBuilder();
  for (const { sequence, days } of snapshot.liveByFile.values())
    for (const [day, trips] of days)
      if (BigInt(day) * DAY_MICROS < to && BigInt(day + 1) * DAY_MICROS > from)
        builder.add(sequence + (day % 7), trips);
  return builder.build();
}

const plan = {
  years: 0,
  months: 0,
  days: 0,
  hours: 0,
  tripsRead: 0,
  pagesHit: 0,
  pagesMissed: 0,
  statements: 0,
};

function answersOver(log: LoadLog): Answers {
  const ladder = {
    histograms: (snapshot: Snapshot, span: Span) => ({ union: [histogramOf(snapshot, span)], plan }),
  };
  const scans = {
    rowsGrouped: () => 0,
    grouped: (snapshot: Snapshot, span: Span) => Promise.resolve(new Map([[3, histogramOf(snapshot, span)]])),
    filtered: (snapshot: Snapshot, span: Span) => Promise.resolve(histogramOf(snapshot, span)),
    tripsOver: (snapshot: Snapshot, span: Span) =>
      Promise.resolve([{ trip_distance: histogramOf(snapshot, span).trips }]),
  };
  const admission = {
    scan: (_: unknown, __: unknown, work: () => Promise<unknown>) => work(),
    points: () => undefined,
    nodes: () => undefined,
  };
  const snapshots = new Map<number, Snapshot>();
  const at = (sequence: number): Snapshot => {
    const snapshot = snapshots.get(sequence) ?? log.snapshotAt(sequence);
    snapshots.set(sequence, snapshot);
    return snapshot;
  };
  const liveLoads = {
    current: () => at(log.lastSequence),
    refresh: () => Promise.resolve(at(log.lastSequence)),
    at,
  };
  return createAnswers({
    liveLoads: liveLoads as unknown as LiveLoads,
    ladder: ladder as unknown as Ladder,
    scans: scans as unknown as Scans,
    admission: admission as unknown as Admission,
    audit: { consider: () => undefined, mismatches: () => 0 },
    requestTimeoutMs: 60_000,
    logger: pino({ level: 'silent' }),
  });
}

type Told = Record<string, unknown> & { dataVersion: number };
type Ask = (answers: Answers, asOf: number | undefined) => Promise<Told>;
const level = parseLevel(0.9);

function randomQuestion(random: () => number): Ask {
  const from = BigInt(FIRST - 40 + Math.floor(random() * 200)) * DAY_MICROS;
  const to = from + BigInt(1 + Math.floor(random() ** 2 * 90)) * DAY_MICROS;
  const span = { from, to };
  const about = { levels: [level], interpolate: false };
  switch (Math.floor(random() * 6)) {
    case 0:
      return async (answers, asOf) =>
        withoutPlan((await answers.percentiles({ span, asOf, ...about }, asking()))[0]!);
    case 1: {
      const filter = { sql: '', params: {} };
      return async (answers, asOf) =>
        withoutPlan((await answers.percentiles({ span, asOf, filter, ...about }, asking()))[0]!);
    }
    case 2: {
      const range = { from: random() < 0.5 ? from : undefined, to: random() < 0.5 ? to : undefined };
      const bucket = (['WEEK', 'MONTH', 'YEAR'] as const)[Math.floor(random() * 3)]!;
      return (answers, asOf) => answers.series({ range, bucket, asOf, level, interpolate: false }, asking());
    }
    case 3:
      return (answers, asOf) =>
        answers.by({ span, asOf, dimension: 'DAY_OF_WEEK', level, interpolate: false }, asking());
    case 4:
      return (answers, asOf) => answers.distribution({ span, asOf, edges: [1, 5, 50] }, asking());
    default:
      return async (answers, asOf) => {
        const order = { order: 'DISTANCE_DESC', after: undefined, limit: 3 } as const;
        const { percentile, rows } = await answers.tripsOver({ span, asOf, level, ...order }, asking());
        return { ...withoutPlan(percentile), rows };
      };
  }
}

function withoutPlan({ plan, ...told }: PercentileAnswer): Told {
  void plan;
  return told;
}

/** What tells of the source, and not of the range. */
function ofRange({ dataThrough, loading, ...rest }: Told): Record<string, unknown> {
  void dataThrough;
  void loading;
  return rest;
}

it('an answer and its asOf are equal in every field, now and after any publication elsewhere', async () => {
  const random = seededRandom(21);
  let unchanged = 0;
  for (let round = 0; round < 4; round += 1) {
    const log = new LoadLog();
    const answers = answersOver(log);
    const asked: { ask: Ask; told: Told | undefined }[] = Array.from({ length: 16 }, () => ({
      ask: randomQuestion(random),
      told: undefined,
    }));
    for (let sequence = 0; sequence <= 16; sequence += 1) {
      if (sequence > 0) log.append([randomPublication(random, sequence)]);
      for (const question of asked) {
        const { ask, told: before } = question;
        const now = await ask(answers, undefined);
        expect(await ask(answers, now.dataVersion)).toEqual(now);
        if (before !== undefined) {
          if (before.dataVersion === now.dataVersion) {
            unchanged += 1;
            expect(ofRange(now)).toEqual(ofRange(before));
          }
          // And as it was, whatever was published since.
          expect(ofRange(await ask(answers, before.dataVersion))).toEqual(ofRange(before));
        }
        question.told = now;
      }
    }
  }
  expect(unchanged).toBeGreaterThan(200);
});

it('says that nothing is loaded until the first publication, and never again', async () => {
  const log = new LoadLog();
  const answers = answersOver(log);
  const random = seededRandom(3);
  const questions = Array.from({ length: 30 }, () => randomQuestion(random));
  const loadings = async (asOf: number | undefined) =>
    new Set(await Promise.all(questions.map(async (ask) => (await ask(answers, asOf))['loading'])));
  expect([await loadings(undefined), await loadings(0)]).toEqual([new Set([true]), new Set([true])]);
  // With trips where nobody asks.
  log.append(
    [randomPublication(random, 1)].map(({ sequence, changes }) => ({
      sequence,
      changes: changes.map((change) => ({
        ...change,
        load: change.load === null ? null : { ...change.load, days: new Map([[0, 1]]) },
      })),
    })),
  );
  expect([await loadings(undefined), await loadings(0)]).toEqual([new Set([false]), new Set([false])]);
});
