/** The log of publications as it is in the warehouse, read along its chain. */
import { z } from 'zod';
import { followChain, type LoggedPublication } from '../warehouse/publication-chain.ts';
import { count, day, loadId, moment, smallCount } from '../warehouse/row-shapes.ts';
import { statement, type Warehouse } from '../warehouse/warehouse.ts';
import type { Publication, PublishedLoad } from './load-log.ts';

const CHANGE_ROW = z.object({
  sequence: count,
  previous: count.nullable(),
  changes: smallCount,
  kind: z.enum(['published', 'withdrawn']),
  source: z.string(),
  filename: z.string(),
  load_id: loadId,
  version: z.string(),
  rows: count,
  rejected: count,
  days: z.record(day, smallCount),
  data_through: moment.nullable(),
  published_at: moment,
  counts: z.union([z.literal(0), z.literal(1)]).transform((counts) => counts === 1),
});
type ChangeRow = z.infer<typeof CHANGE_ROW>;

const READ_DEADLINE_MS = 10_000;

export interface ReadPublications {
  /** Of all sources, in their order; with the changes of this one alone. */
  publications: Publication[];
  /** See `followChain`. */
  forked: boolean;
  waiting: number[];
}

/** Every publication after that one, as far as the chain reaches. */
export async function readPublications(
  warehouse: Warehouse,
  { source, after }: { source: string; after: number },
): Promise<ReadPublications> {
  const rows = await warehouse.rows(statement('read_publications'), {
    row: CHANGE_ROW,
    params: { after },
    deadlineMs: READ_DEADLINE_MS,
  });
  const { publications, ...rest } = followChain(rows, after);
  return { publications: publications.map((each) => publicationOf(each, source)), ...rest };
}

/** What a publication changed of this source. */
function publicationOf({ sequence, rows }: LoggedPublication<ChangeRow>, source: string): Publication {
  const ofSource = rows.filter((row) => row.source === source);
  return {
    sequence,
    changes: ofSource.map((row) => ({
      source,
      filename: row.filename,
      load: row.kind === 'published' ? publishedLoad(row) : null,
    })),
  };
}

function publishedLoad(row: ChangeRow): PublishedLoad {
  return {
    sequence: row.sequence,
    source: row.source,
    filename: row.filename,
    loadId: row.load_id,
    version: row.version,
    rows: row.rows,
    rejected: row.rejected,
    days: new Map(Object.entries(row.days).map(([date, trips]) => [dayNumber(date), trips])),
    dataThrough: row.data_through,
    publishedAt: row.published_at,
  };
}

/** Days since 1970 of `YYYY-MM-DD`. */
function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 86_400_000;
}
