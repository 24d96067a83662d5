/** Rows of ClickHouse's JSONCompact: one document, which names its columns and counts its rows, so that a cut one is none. */
import { parseError } from '@clickhouse/client';
import { z } from 'zod';
import { WarehouseAnswerError } from './answer.ts';

export const ROWS_FORMAT = 'JSONCompact';

const DOCUMENT = z.object({
  meta: z.array(z.object({ name: z.string() })),
  data: z.array(z.array(z.unknown())),
  rows: z.int().min(0),
  /** Where the server is set to write an exception into the document. */
  exception: z.string().optional(),
});

/**
 * @param shape of a row; undefined where anything will do
 * @throws WarehouseAnswerError when it is no such document, or its rows are not of that shape; ClickHouseError where it tells of one
 */
export function parseRows<Row>(text: string, shape: z.ZodType<Row> | undefined): Row[] {
  const parsed = DOCUMENT.safeParse(parseJson(text));
  if (!parsed.success) throw new WarehouseAnswerError(`an answer that is no whole ${ROWS_FORMAT}`);
  const { meta, data, rows, exception } = parsed.data;
  if (exception !== undefined) throw parseError(exception);
  if (rows !== data.length)
    throw new WarehouseAnswerError(`an answer of ${data.length} rows that counts ${rows}`);
  const names = meta.map(({ name }) => name);
  const found = data.map((values) => {
    if (values.length !== names.length)
      throw new WarehouseAnswerError(`a row of ${values.length} values in ${names.length} columns`);
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  });
  if (shape === undefined) return found as Row[];
  const read = z.array(shape).safeParse(found);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new WarehouseAnswerError(
    `a row of another shape than the statement gives: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

/** @throws WarehouseAnswerError unless there is exactly one */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1)
    throw new WarehouseAnswerError(`${rows.length} rows from a statement that gives one`);
  return row;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
