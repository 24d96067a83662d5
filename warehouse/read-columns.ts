/** Which columns of a file the engine is asked for, by name and type: it looks at no other. */
import { engineType } from './engine-type.ts';
import { declaredName } from './file-columns.ts';
import type { SchemaNode } from './schema-nodes.ts';
import { IGNORED_COLUMNS } from './trip-columns.ts';

/** A column that is read: into its canonical column, or into `extra`. */
export interface ReadColumn {
  /** Name in the file, exactly. */
  name: string;
  /** The name by which the engine is asked for it. */
  declared: string;
  /** The engine's type of it. */
  type: string;
  /** Its type is that of an INT96's bytes. */
  isInt96: boolean;
}

/** A column that is not read, and why: for people. */
export interface LeftColumn {
  name: string;
  why: string;
}

const NAMELESS = 'it has no name, and the engine reads columns by name';
const NAMED_TWICE = 'the file has several of this name, and the engine reads columns by name';
const SPELLED_TWICE = 'the engine has a column of this name, and the file has it in two spellings';
const OTHERS_SPELLED_TWICE =
  'the engine has a column of this name, and other columns of the file differ in the case of letters alone';
const NO_TEXT = 'its name is no text, and the engine reads columns by name';
const UNREAD_TYPE = 'the engine does not read columns of its type';

export function columnsToRead(columns: readonly SchemaNode[]): { read: ReadColumn[]; left: LeftColumn[] } {
  const read: ReadColumn[] = [];
  const left: LeftColumn[] = [];
  const names = columns.map(({ name }) => name);
  for (const column of columns) {
    const { name } = column;
    if (IGNORED_COLUMNS.includes(name)) continue;
    const declared = declaredName(name, names);
    const type = engineType(column);
    if (name === '') left.push({ name, why: NAMELESS });
    else if (names.indexOf(name) !== names.lastIndexOf(name)) left.push({ name, why: NAMED_TWICE });
    else if (declared === undefined) left.push({ name, why: SPELLED_TWICE });
    else if (name.includes('\ufffd')) left.push({ name, why: NO_TEXT });
    else if (type === undefined) left.push({ name, why: UNREAD_TYPE });
    else read.push({ name, declared, type, isInt96: column.type === 'INT96' });
  }
  // A column is asked for in another case where the engine has one of its name, so no other two may differ in case alone.
  const spellings = new Set(read.map(({ name }) => name.toLowerCase()));
  if (spellings.size === read.length) return { read, left };
  const [hidden] = read.filter(({ name, declared }) => name !== declared);
  if (hidden === undefined) return { read, left };
  left.push({ name: hidden.name, why: OTHERS_SPELLED_TWICE });
  return { read: read.filter((column) => column !== hidden), left };
}
