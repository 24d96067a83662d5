/** The log of publications, replayed: pure, so that every gateway that saw the same rows says the same. */
import { fileMonth } from '../warehouse/files.ts';
import { firstWhere } from './ladder/bisect.ts';
import { firstDayOfMonth, monthOfDay, yearOfMonth } from './ladder/calendar.ts';
import { DAY_MICROS, floorTo, type Span } from './percentile/pickup-range.ts';

/** One sequence, whose changes became visible together. */
export interface Publication {
  sequence: number;
  changes: readonly Change[];
}

export interface Change {
  source: string;
  filename: string;
  /** Null where the file was taken out. */
  load: PublishedLoad | null;
}

/** A load of a file, as a publication made it live. */
export interface PublishedLoad {
  /** Of the publication. */
  sequence: number;
  source: string;
  filename: string;
  loadId: string;
  version: string;
  rows: number;
  /** Rows of the file that are no trips. */
  rejected: number;
  /** Trips by pickup day, in days since 1970. */
  days: ReadonlyMap<number, number>;
  /** Newest pickup in the file's own month, in ClickHouse's notation. */
  dataThrough: string | null;
  publishedAt: string;
}

/** What the live loads hold of one calendar month. Immutable. */
export interface LiveMonth {
  /** Months since year 0. */
  month: number;
  /** The highest sequence that added or removed trips in this month, or changed what is told of its files (`OwnFiles`). */
  version: number;
  /** The same by day of the month, from 0; 0 where none did. */
  dayVersions: Uint32Array;
  /** Trips by day of the month, from 0. */
  dayTrips: Float64Array;
  trips: number;
  /** Live loads with trips in this month. */
  loads: readonly PublishedLoad[];
}

export interface LiveYear {
  year: number;
  version: number;
  trips: number;
  months: readonly LiveMonth[];
}

/** One set of live loads. Immutable: every answer is computed from one of these. */
export interface Snapshot {
  /** The highest sequence that was published. */
  sequence: number;
  /** Tells one warehouse's log from another's, which counts from 1 too: the load that was published first. Empty before. */
  logId: string;
  /** By source and filename, joined with a NUL. */
  liveByFile: ReadonlyMap<string, PublishedLoad>;
  /** Newest pickup that lies in its own file's month, in ClickHouse's notation. */
  dataThrough: string | null;
  /** Years and months that any publication ever touched, ascending. */
  years: readonly LiveYear[];
  months: readonly LiveMonth[];
  month(month: number): LiveMonth | undefined;
  /** Months, since year 0, that the names of the live files say; ascending, each once. */
  publishedMonths: readonly number[];
  /** How many of them lie between these two, both included. */
  publishedMonthsWithin(first: number, last: number): number;
  /**
   * The highest sequence that added or removed trips on the days that the span touches, or changed what is told of the files of their months; 0 when none
   * did. Whatever is told of these days alone is the same at one version: their trips, whether their months have files, and what those rejected.
   */
  versionOf(span: Span): number;
  /** Trips on the days that the span touches. */
  tripsAround(span: Span): number;
  /** Live loads with trips in the months that the span touches. */
  loadsAround(span: Span): PublishedLoad[];
  /** Rows that the live files of these months, both included, have and that are no trips. */
  rejectedWithin(first: number, last: number): number;
}

export const fileKey = (source: string, filename: string): string => `${source}\0${filename}`;

/** What is told of the live files of a month, by their names. */
interface OwnFiles {
  files: number;
  rejected: number;
}

export class LoadLog {
  /** In ascending order. */
  readonly #sequences: number[] = [];
  /** By file, every change in its order. */
  readonly #files = new Map<string, { sequence: number; load: PublishedLoad | null }[]>();
  /** By month, what it was after each publication that touched it: some kilobytes a publication, 14 where strays of 180 files share their months. */
  readonly #months = new Map<number, LiveMonth[]>();
  /** By month, as it is now. */
  readonly #ownFiles = new Map<number, OwnFiles>();
  #logId = '';

  get lastSequence(): number {
    return this.#sequences.at(-1) ?? 0;
  }

  /** Publications in their order; those that are known already are left out. */
  append(publications: readonly Publication[]): void {
    for (const { sequence, changes } of publications) {
      if (sequence <= this.lastSequence || changes.length === 0) continue;
      this.#sequences.push(sequence);
      const gone: PublishedLoad[] = [];
      const added: PublishedLoad[] = [];
      for (const { source, filename, load } of changes) {
        if (this.#logId === '' && load !== null) this.#logId = load.loadId;
        const ofFile = entryOf(this.#files, fileKey(source, filename));
        const before = ofFile.at(-1)?.load ?? null;
        ofFile.push({ sequence, load });
        if (before !== null) gone.push(before);
        if (load !== null) added.push(load);
      }
      const touched = this.#daysTouched(gone, added);
      for (const [month, days] of touched) {
        const versions = entryOf(this.#months, month);
        versions.push(replaceLoads(versions.at(-1), { month, days, gone, added, sequence }));
      }
    }
  }

  /** Days by month: those with trips of these loads, and all days of a month of whose files something else is told now. */
  #daysTouched(gone: readonly PublishedLoad[], added: readonly PublishedLoad[]): Map<number, Set<number>> {
    const touched = new Map<number, Set<number>>();
    const touch = (month: number, days: Iterable<number>): void => {
      const others = touched.get(month) ?? new Set();
      touched.set(month, others);
      for (const day of days) others.add(day);
    };
    for (const { days } of [...gone, ...added]) for (const day of days.keys()) touch(monthOfDay(day), [day]);
    const before = new Map<number, OwnFiles>();
    for (const [loads, sign] of [
      [gone, -1],
      [added, 1],
    ] as const) {
      for (const load of loads) {
        const month = monthOfFile(load);
        if (month === undefined) continue;
        const own = this.#ownFiles.get(month) ?? { files: 0, rejected: 0 };
        if (!before.has(month)) before.set(month, own);
        this.#ownFiles.set(month, {
          files: own.files + sign,
          rejected: own.rejected + sign * load.rejected,
        });
      }
    }
    for (const [month, was] of before) {
      const is = this.#ownFiles.get(month) ?? was;
      if (is.files > 0 !== was.files > 0 || is.rejected !== was.rejected) touch(month, daysOfMonth(month));
    }
    return touched;
  }

  snapshot(): Snapshot {
    return this.snapshotAt(this.lastSequence);
  }

  /**
   * As it was after the publication of that sequence. Its loads may be gone from the warehouse by now.
   * @param asOf at most `lastSequence`
   */
  snapshotAt(asOf: number): Snapshot {
    const live = new Map<string, PublishedLoad>();
    for (const [key, changes] of this.#files) {
      const then = lastUpTo(changes, asOf, ({ sequence }) => sequence)?.load ?? null;
      if (then !== null) live.set(key, then);
    }
    const rejected = rejectedByMonth(live.values());
    const byMonth = new Map<number, LiveMonth>();
    for (const [month, versions] of this.#months) {
      const then = lastUpTo(versions, asOf, ({ version }) => version);
      if (then !== undefined) byMonth.set(month, then);
    }
    const months = [...byMonth.values()].toSorted((a, b) => a.month - b.month);
    const published = publishedMonths(live.values());
    const through = [...live.values()]
      .map(({ dataThrough }) => dataThrough)
      .filter((moment) => moment !== null);
    return {
      sequence: lastUpTo(this.#sequences, asOf, (sequence) => sequence) ?? 0,
      logId: this.#logId,
      liveByFile: live,
      dataThrough: through.toSorted().at(-1) ?? null,
      years: yearsOf(months),
      months,
      month: (month) => byMonth.get(month),
      publishedMonths: published,
      publishedMonthsWithin(first, last) {
        const from = firstWhere(
          0,
          published.length,
          (at) => at === published.length || published[at]! >= first,
        );
        return (
          firstWhere(from, published.length, (at) => at === published.length || published[at]! > last) - from
        );
      },
      versionOf(span) {
        let version = 0;
        for (const { live: month, first, last, isWhole } of monthsTouched(months, span)) {
          if (month.version <= version) continue;
          if (isWhole) version = month.version;
          else
            for (let day = first; day <= last; day += 1) version = Math.max(version, month.dayVersions[day]!);
        }
        return version;
      },
      tripsAround(span) {
        let trips = 0;
        for (const { live: month, first, last, isWhole } of monthsTouched(months, span)) {
          if (isWhole) trips += month.trips;
          else for (let day = first; day <= last; day += 1) trips += month.dayTrips[day]!;
        }
        return trips;
      },
      rejectedWithin(first, last) {
        let rows = 0;
        for (const [month, ofMonth] of rejected) if (month >= first && month <= last) rows += ofMonth;
        return rows;
      },
      loadsAround: (span) => [
        ...new Set([...monthsTouched(months, span)].flatMap(({ live: month }) => month.loads)),
      ],
    };
  }
}

function publishedMonths(live: Iterable<PublishedLoad>): number[] {
  const months = new Set<number>();
  for (const load of live) {
    const month = monthOfFile(load);
    if (month !== undefined) months.add(month);
  }
  return [...months].toSorted((a, b) => a - b);
}

/** Months without rejected rows are left out. */
function rejectedByMonth(live: Iterable<PublishedLoad>): Map<number, number> {
  const rejected = new Map<number, number>();
  for (const load of live) {
    const month = monthOfFile(load);
    if (month !== undefined && load.rejected > 0)
      rejected.set(month, (rejected.get(month) ?? 0) + load.rejected);
  }
  return rejected;
}

/** That a file's name says, since year 0. */
function monthOfFile({ filename }: PublishedLoad): number | undefined {
  const month = fileMonth(filename);
  return month === '' ? undefined : Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
}

function* daysOfMonth(month: number): Generator<number> {
  for (let day = firstDayOfMonth(month); day < firstDayOfMonth(month + 1); day += 1) yield day;
}

/** A month after a publication that touched some of its days. */
function replaceLoads(
  old: LiveMonth | undefined,
  {
    month,
    days,
    gone,
    added,
    sequence,
  }: {
    month: number;
    days: ReadonlySet<number>;
    gone: readonly PublishedLoad[];
    added: readonly PublishedLoad[];
    sequence: number;
  },
): LiveMonth {
  const first = firstDayOfMonth(month);
  const length = firstDayOfMonth(month + 1) - first;
  const dayVersions = new Uint32Array(length);
  if (old !== undefined) dayVersions.set(old.dayVersions);
  for (const day of days) dayVersions[day - first] = sequence;
  const loads = (old?.loads ?? []).filter((load) => !gone.includes(load));
  loads.push(...added.filter((load) => [...days].some((day) => load.days.has(day))));
  const dayTrips = new Float64Array(length);
  for (const load of loads)
    for (let day = 0; day < length; day += 1) dayTrips[day]! += load.days.get(first + day) ?? 0;
  const trips = dayTrips.reduce((sum, onDay) => sum + onDay, 0);
  return { month, version: sequence, dayVersions, dayTrips, trips, loads };
}

function yearsOf(months: readonly LiveMonth[]): LiveYear[] {
  const years: { year: number; version: number; trips: number; months: LiveMonth[] }[] = [];
  for (const live of months) {
    const year = yearOfMonth(live.month);
    let last = years.at(-1);
    if (last?.year !== year) years.push((last = { year, version: 0, trips: 0, months: [] }));
    last.version = Math.max(last.version, live.version);
    last.trips += live.trips;
    last.months.push(live);
  }
  return years;
}

/** The months of a snapshot that a span touches, with the days of the month, from 0, that it touches. */
function* monthsTouched(
  months: readonly LiveMonth[],
  { from, to }: Span,
): Generator<{ live: LiveMonth; first: number; last: number; isWhole: boolean }> {
  const firstDay = Number(floorTo(from, DAY_MICROS) / DAY_MICROS);
  const lastDay = Number(floorTo(to - 1n, DAY_MICROS) / DAY_MICROS);
  const [firstMonth, lastMonth] = [monthOfDay(firstDay), monthOfDay(lastDay)];
  const { length } = months;
  const start = firstWhere(0, length, (index) => index === length || months[index]!.month >= firstMonth);
  for (let index = start; index < length; index += 1) {
    const live = months[index]!;
    if (live.month > lastMonth) return;
    const begins = firstDayOfMonth(live.month);
    const end = live.dayTrips.length - 1;
    const first = live.month === firstMonth ? firstDay - begins : 0;
    const last = live.month === lastMonth ? lastDay - begins : end;
    yield { live, first, last, isWhole: first === 0 && last === end };
  }
}

function entryOf<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** The last of those, in ascending order of sequence, that are not after this one. */
function lastUpTo<Item>(
  items: readonly Item[],
  sequence: number,
  sequenceOf: (item: Item) => number,
): Item | undefined {
  const { length } = items;
  return items[firstWhere(0, length, (at) => at === length || sequenceOf(items[at]!) > sequence) - 1];
}
