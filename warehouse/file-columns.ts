/**
 * The columns of a file under names that are ours: whatever a file calls its columns, no name of it is another column, an alias or a virtual column
 * of the engine in the statements around it.
 */
import type { LakeObject } from '../lake/lake.ts';
import { momentOfInt96 } from './moments.ts';
import type { ReadColumn } from './read-columns.ts';
import { identifier, literal } from './sql-text.ts';

/** The engine's name for the position of a row in its file, from 0: there only where no column that is read has that name. */
export const ROW_NUMBER = '_row_number';

/** How a table function ends whose next argument is a structure. */
const FORMAT_LAST = `'Parquet')`;

export interface FileColumns {
  /** To SELECT FROM: the columns that were asked for, and the row number. */
  sql: string;
  /** A column's name there. */
  of: (name: string) => string;
  rowNumber: string;
}

/** @param names columns of the file, all of them in `columns` */
export function fileColumns(
  columns: readonly ReadColumn[],
  file: Pick<LakeObject, 'sql'>,
  names: Iterable<string>,
): FileColumns {
  const wanted = new Set(names);
  const read = columns.filter(({ name }) => wanted.has(name));
  const prefix = prefixBesides(columns.map(({ declared }) => declared));
  const aliases = new Map(read.map(({ name }, index) => [name, `${prefix}${index}`]));
  const rowNumber = `${prefix}row`;
  const selected = read.map(({ name, declared, isInt96 }) => {
    const column = identifier(declared);
    return `${isInt96 ? momentOfInt96(column) : column} AS ${aliases.get(name)}`;
  });
  const settings = [
    // What stands in the path of the lake, as in `/data/month=01/`, is no column of a file.
    'use_hive_partitioning = 0',
    // Geometries are the bytes that they are.
    'input_format_parquet_allow_geoparquet_parser = 0',
    // A column that the engine does not find would be null in all rows, without a word.
    'input_format_parquet_allow_missing_columns = 0',
  ];
  if (read.some(({ name, declared }) => name !== declared))
    settings.push('input_format_parquet_case_insensitive_column_matching = 1');
  return {
    sql: `(
  SELECT ${[...selected, `assumeNotNull(${ROW_NUMBER}) AS ${rowNumber}`].join(',\n    ')}
  FROM ${withStructure(file.sql, read)}
  SETTINGS ${settings.join(', ')}
)`,
    of(name) {
      const alias = aliases.get(name);
      if (alias === undefined) throw new Error(`the column ${JSON.stringify(name)} is not read`);
      return alias;
    },
    rowNumber,
  };
}

/** A beginning that no column has. */
function prefixBesides(names: readonly string[]): string {
  let prefix = 'file_column_';
  while (names.some((name) => name.startsWith(prefix))) prefix += '_';
  return prefix;
}

/** With types for them the engine reads these columns alone, and looks at no other; without, it infers the types of all that the file has. */
function withStructure(sql: string, read: readonly ReadColumn[]): string {
  if (!sql.endsWith(FORMAT_LAST))
    throw new Error(`a lake's table function that does not end with ${FORMAT_LAST}`);
  const structure = read.map(({ declared, type }) => `${identifier(declared)} ${type}`).join(', ');
  return `${sql.slice(0, -1)}, ${literal(structure)})`;
}

/**
 * The spelling by which a column that is named as the engine's own row number can be read beside it: the same but for the case of its letters.
 * @param name of a column of the file
 * @param others names of all its columns
 * @returns undefined when there is none, as the file has that name in two spellings already
 */
export function declaredName(name: string, others: readonly string[]): string | undefined {
  if (name !== ROW_NUMBER) return name;
  const lower = name.toLowerCase();
  return others.filter((other) => other.toLowerCase() === lower).length === 1
    ? name.toUpperCase()
    : undefined;
}
