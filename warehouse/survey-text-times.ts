/** How moments are written that are texts: only their values tell, so it is asked before a file is loaded. */
import { z } from 'zod';
import type { LakeObject } from '../lake/lake.ts';
import type { Drift } from './drift.ts';
import { fileColumns } from './file-columns.ts';
import type { FileSchema } from './file-schema.ts';
import { count } from './row-shapes.ts';
import { literal } from './sql-text.ts';
import { countShapes, hasOffset, isPlain, largestOfEither } from './text-time.ts';
import { TRIP_COLUMNS } from './trip-columns.ts';
import type { Warehouse } from './warehouse.ts';

const SURVEY_ROW = z.object({
  name: z.string(),
  others: count,
  example: z.string(),
  offsets: count,
  offset_example: z.string(),
  shapes: z.array(count),
  largest: z.array(count),
});
type Surveyed = z.infer<typeof SURVEY_ROW>;

/** Characters of a file's text that are shown. */
const SHOWN = 40;
const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN));

/** @returns the schema with what was found, and what is to be noted of it: nothing of texts as TLC writes them */
export async function surveyTextTimes(
  warehouse: Warehouse,
  {
    schema,
    file,
    ...options
  }: { schema: FileSchema; file: LakeObject; deadlineMs?: number; signal: AbortSignal },
): Promise<{ schema: FileSchema; drift: Drift[] }> {
  const names = textTimesOf(schema);
  if (names.length === 0) return { schema, drift: [] };
  const found = await warehouse.rows(surveySql(schema, file, names), {
    row: SURVEY_ROW,
    params: file.params,
    ...options,
  });
  const shapes = found.flatMap((column) =>
    column.shapes.flatMap((texts, index) => (texts > 0 ? [index] : [])),
  );
  const largest = (place: number) => Math.max(0, ...found.map((column) => column.largest[place] ?? 0));
  // One text alone does not tell which number is the day; where all do not, the month is first, as in New York.
  const dayFirst = largest(0) > 12 && largest(1) <= 12;
  return {
    schema: { ...schema, textTimes: { shapes: [...new Set(shapes)], dayFirst } },
    drift: found.flatMap((column) => driftOf(column, dayFirst)),
  };
}

function textTimesOf({ columns }: FileSchema): string[] {
  const moments = TRIP_COLUMNS.filter(({ type }) => type === 'timestamp').map(({ name }) => name);
  return columns.flatMap(({ canonical, source, sourceType }) =>
    sourceType === 'text' && moments.includes(canonical) ? [source] : [],
  );
}

function surveySql(schema: FileSchema, file: LakeObject, names: readonly string[]): string {
  const columns = fileColumns(schema.read, file, names);
  const pairs = names.map((name) => `(${literal(name)}, ${columns.of(name)})`);
  return `SELECT pair.1 AS name, count() AS others, any(written) AS example,
  countIf(${hasOffset('written')}) AS offsets, anyIf(written, ${hasOffset('written')}) AS offset_example,
  ${countShapes('written')} AS shapes, ${largestOfEither('written')} AS largest
FROM (
  SELECT pair, assumeNotNull(pair.2) AS written
  FROM (SELECT arrayJoin([${pairs.join(', ')}]) AS pair FROM ${columns.sql})
  WHERE NOT ${isPlain('pair.2')} AND notEmpty(pair.2)
)
GROUP BY name
ORDER BY name`;
}

function driftOf(
  { name: column, others, example, offsets, offset_example: zoned, largest }: Surveyed,
  dayFirst: boolean,
): Drift[] {
  const [first = 0] = largest;
  const order = dayFirst
    ? '; days come before months in this file, as some of the first numbers are no month'
    : '; months are read before days';
  const shape = `${others} texts are written otherwise than 2009-01-04 02:52:00, for one ${shown(example)}${first > 0 ? order : ''}`;
  const drift: Drift[] = [{ kind: 'TEXT_SHAPE', column, detail: shape }];
  if (offsets === 0) return drift;
  const detail = `${offsets} texts have an offset, for one ${shown(zoned)}: read on New York's clock`;
  return [...drift, { kind: 'ZONE', column, detail }];
}
