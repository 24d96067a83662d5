/** The log of publications, replayed: pure, so that every gateway that saw the same rows says the same. */
import { fileMonth } from '../warehouse/files.ts';
import { firstWhere } from './ladder/bisect.ts';
import { firstDayOfMonth, monthOfDay, yearOfMonth } from './ladder/calendar.ts';
import { DAY_MICROS, floorTo, type Span } from './percentile/pickup-range.ts';

export interface Publication {
  sequence: number;
  source: string;
  filename: string;
  loadId: string;
  version: string;
  rows: number;
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
  /** The highest sequence that added or removed trips in this month, or was the first of a file of it. */
  version: number;
  /** The same by day of the month, from 0; 0 where none did. */
  dayVersions: Uint32Array;
  /** Trips by day of the month, from 0. */
  dayTrips: Float64Array;
  trips: number;
  /** Live loads with trips in this month. */
  loads: readonly Publication[];
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
  liveByFile: ReadonlyMap<string, Publication>;
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
   * The highest sequence that added or removed trips on the days that the span touches, or was the first of a file of their months; 0 when none did.
   * Whatever is told of these days alone is the same at one version: their trips, and whether their months have files.
   */
  versionOf(span: Span): number;
  /** Trips on the days that the span touches. */
  tripsAround(span: Span): number;
  /** Live loads with trips in the months that the span touches. */
  loadsAround(span: Span): Publication[];
}

export const fileKey = (source: string, filename: string): string => `${source}\0${filename}`;

export class LoadLog {
  /** In ascending order. */
  readonly #sequences: number[] = [];
  /** By file, every publication in its order. */
  readonly #files = new Map<string, Publication[]>();
  /** By month, what it was after each publication that touched it: some kilobytes a publication, 14 where strays of 180 files share their months. */
  readonly #months = new Map<number, LiveMonth[]>();
  /** Of which a file was ever published: they stay so. */
  readonly #publishedMonths = new Set<number>();
  #logId = '';

  get lastSequence(): number {
    return this.#sequences.at(-1) ?? 0;
  }

  /** Publications in ascending order of sequence; those that are known already are left out. */
  append(publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (publication.sequence <= this.lastSequence) continue;
      if (this.#sequences.length === 0) this.#logId = publication.loadId;
      this.#sequences.push(publication.sequence);
      const ofFile = entryOf(this.#files, fileKey(publication.source, publication.filename));
      const before = ofFile.at(-1);
      ofFile.push(publication);
      const touched = new Map<number, Set<number>>();
      const ownMonth = monthOfFile(publication);
      if (ownMonth !== undefined && !this.#publishedMonths.has(ownMonth)) {
        this.#publishedMonths.add(ownMonth);
        touched.set(ownMonth, new Set(daysOfMonth(ownMonth)));
      }
      for (const days of [before?.days, publication.days]) {
        for (const day of days?.keys() ?? []) {
          const month = monthOfDay(day);
          const others = touched.get(month);
          if (others === undefined) touched.set(month, new Set([day]));
          else others.add(day);
        }
      }
      for (const [month, days] of touched) {
        const versions = entryOf(this.#months, month);
        versions.push(replaceLoad(versions.at(-1), { month, days, before, publication }));
      }
    }
  }

  snapshot(): Snapshot {
    return this.snapshotAt(this.lastSequence);
  }

  /**
   * As it was after the publication of that sequence. Its loads may be gone from the warehouse by now.
   * @param asOf at most `lastSequence`
   */
  snapshotAt(asOf: number): Snapshot {
    const live = new Map<string, Publication>();
    for (const [key, publications] of this.#files) {
      const then = lastUpTo(publications, asOf, ({ sequence }) => sequence);
      if (then !== undefined) live.set(key, then);
    }
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
      loadsAround: (span) => [
        ...new Set([...monthsTouched(months, span)].flatMap(({ live: month }) => month.loads)),
      ],
    };
  }
}

function publishedMonths(live: Iterable<Publication>): number[] {
  const months = new Set<number>();
  for (const publication of live) {
    const month = monthOfFile(publication);
    if (month !== undefined) months.add(month);
  }
  return [...months].toSorted((a, b) => a - b);
}

/** That a file's name says, since year 0. */
function monthOfFile({ filename }: Publication): number | undefined {
  const month = fileMonth(filename);
  return month === '' ? undefined : Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
}

function* daysOfMonth(month: number): Generator<number> {
  for (let day = firstDayOfMonth(month); day < firstDayOfMonth(month + 1); day += 1) yield day;
}

/** A month after a publication that touched some of its days, and replaced the one before. */
function replaceLoad(
  old: LiveMonth | undefined,
  {
    month,
    days,
    before,
    publication,
  }: {
    month: number;
    days: ReadonlySet<number>;
    before: Publication | undefined;
    publication: Publication;
  },
): LiveMonth {
  const first = firstDayOfMonth(month);
  const length = firstDayOfMonth(month + 1) - first;
  const dayVersions = new Uint32Array(length);
  if (old !== undefined) dayVersions.set(old.dayVersions);
  for (const day of days) dayVersions[day - first] = publication.sequence;
  const loads = (old?.loads ?? []).filter((load) => load !== before);
  if ([...days].some((day) => publication.days.has(day))) loads.push(publication);
  const dayTrips = new Float64Array(length);
  for (const load of loads)
    for (let day = 0; day < length; day += 1) dayTrips[day]! += load.days.get(first + day) ?? 0;
  const trips = dayTrips.reduce((sum, onDay) => sum + onDay, 0);
  return { month, version: publication.sequence, dayVersions, dayTrips, trips, loads };
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
