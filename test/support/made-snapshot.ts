/** Snapshots of a log of publications that is made up. */
import { LoadLog, type Publication, type Snapshot } from '../../gateway/load-log.ts';

/** Publications in their order; sequences count from 1. `days` are days since 1970, with one trip each. */
export function madeSnapshot(
  ...publications: { file: string; days?: readonly number[]; dataThrough?: string }[]
): Snapshot {
  const log = new LoadLog();
  log.append(
    publications.map(({ file, days = [], dataThrough }, index): Publication => ({
      sequence: index + 1,
      source: 'yellow',
      filename: file,
      loadId: `${file} ${index + 1}`,
      version: '',
      rows: days.length,
      days: new Map(days.map((day) => [day, 1])),
      dataThrough: dataThrough ?? null,
      publishedAt: '',
    })),
  );
  return log.snapshot();
}
