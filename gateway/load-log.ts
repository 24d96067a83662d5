/** The log of publications, replayed: pure, so that every gateway that saw the same rows says the same. */
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

/** One set of live loads. Immutable: every answer is computed from one of these. */
export interface Snapshot {
  /** The highest sequence that was published. */
  sequence: number;
  /** By source and filename, joined with a NUL. */
  liveByFile: ReadonlyMap<string, Publication>;
  /** Newest pickup that lies in its own file's month, in ClickHouse's notation. */
  dataThrough: string | null;
  /** The publication that last added or removed trips on the days that the span touches; undefined when none did. */
  versionOf(span: Span): Publication | undefined;
  /** Live loads with trips on the days that the span touches. */
  loadsOn(span: Span): Publication[];
}

export const fileKey = (source: string, filename: string): string => `${source}\0${filename}`;

export class LoadLog {
  readonly #live = new Map<string, Publication>();
  /** Day → the last publication that added or removed trips on it. */
  readonly #versions = new Map<number, Publication>();
  #lastSequence = 0;

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Publications in ascending order of sequence, all beyond the last one. */
  append(publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (publication.sequence <= this.#lastSequence) continue;
      const key = fileKey(publication.source, publication.filename);
      const before = this.#live.get(key);
      for (const day of before?.days.keys() ?? []) this.#versions.set(day, publication);
      for (const day of publication.days.keys()) this.#versions.set(day, publication);
      this.#live.set(key, publication);
      this.#lastSequence = publication.sequence;
    }
  }

  snapshot(): Snapshot {
    const live = new Map(this.#live);
    const versions = new Map(this.#versions);
    const through = [...live.values()]
      .map(({ dataThrough }) => dataThrough)
      .filter((moment) => moment !== null);
    return {
      sequence: this.#lastSequence,
      liveByFile: live,
      dataThrough: through.toSorted().at(-1) ?? null,
      versionOf(span) {
        let newest: Publication | undefined;
        const touched = daysTouched(span);
        for (const [day, publication] of versions) {
          if (day < touched.first || day > touched.last) continue;
          if (newest === undefined || publication.sequence > newest.sequence) newest = publication;
        }
        return newest;
      },
      loadsOn(span) {
        const touched = daysTouched(span);
        return [...live.values()].filter(({ days }) => {
          for (const day of days.keys()) if (day >= touched.first && day <= touched.last) return true;
          return false;
        });
      },
    };
  }
}

/** First and last day, in days since 1970, that a non-empty span touches. */
function daysTouched({ from, to }: Span): { first: number; last: number } {
  return {
    first: Number(floorTo(from, DAY_MICROS) / DAY_MICROS),
    last: Number(floorTo(to - 1n, DAY_MICROS) / DAY_MICROS),
  };
}

/** Trips that the loads have on the days of a span of whole days. */
export function tripsOnDays(loads: readonly Publication[], span: Span): number {
  const { first, last } = daysTouched(span);
  let trips = 0;
  for (const { days } of loads) {
    for (const [day, count] of days) if (day >= first && day <= last) trips += count;
  }
  return trips;
}
