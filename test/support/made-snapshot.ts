/** Snapshots of a log of publications that is made up. */
import { LoadLog, type Publication, type PublishedLoad, type Snapshot } from '../../gateway/load-log.ts';

/** As most are: one file's load. */
export function publicationOf(load: PublishedLoad): Publication {
  const { sequence, source, filename } = load;
  return { sequence, changes: [{ source, filename, load }] };
}

/** Publications in their order; sequences count from 1. `days` are days since 1970, with one trip each. */
export function madeSnapshot(
  ...publications: { file: string; days?: readonly number[]; dataThrough?: string }[]
): Snapshot {
  const log = new LoadLog();
  log.append(
    publications.map(({ file, days = [], dataThrough }, index) =>
      publicationOf({
        sequence: index + 1,
        source: 'yellow',
        filename: file,
        loadId: `${file} ${index + 1}`,
        version: '',
        rows: days.length,
        rejected: 0,
        days: new Map(days.map((day) => [day, 1])),
        dataThrough: dataThrough ?? null,
        publishedAt: '',
      }),
    ),
  );
  return log.snapshot();
}
