/**
 * Whether a footer says only what the format knows and agrees with itself. The engine passes over some of what is wrong in one
 * (it never looks at a chunk's own type, for instance); but a footer with one wrong value may have others, so the file is not read.
 */
import type { FileMetaData } from 'hyparquet';

/** A hole in the format's list of encodings, to which a parser may give a name nevertheless. */
const NO_ENCODING = 'GROUP_VAR_INT';

/** @returns what is wrong, for people; undefined when nothing is */
export function footerFlaw({
  schema,
  row_groups: rowGroups,
  num_rows: rows,
}: FileMetaData): string | undefined {
  const [, ...elements] = schema;
  const unrepeated = elements.find(({ repetition_type: repetition }) => repetition === undefined);
  if (unrepeated !== undefined)
    return `column ${unrepeated.name} is neither required nor optional nor repeated`;
  const leaves = elements.filter(({ num_children: children }) => !children);
  const flat = leaves.length === elements.length;
  let counted = 0n;
  for (const [group, { columns, num_rows: groupRows }] of rowGroups.entries()) {
    counted += groupRows;
    if (columns.length !== leaves.length)
      return `row group ${group} has ${columns.length} columns, the schema ${leaves.length}`;
    for (const [index, { meta_data: chunk }] of columns.entries()) {
      const leaf = leaves[index];
      const where = `column ${leaf?.name} of row group ${group}`;
      if (chunk === undefined) return `${where} is not described`;
      if (chunk.type === undefined || chunk.type !== leaf?.type)
        return `${where} is of another type than the schema says`;
      if (chunk.codec === undefined) return `${where} is compressed in an unknown way`;
      if (chunk.encodings.some((encoding) => encoding === undefined || encoding === NO_ENCODING))
        return `${where} has an unknown encoding`;
      if (flat && leaf.repetition_type !== 'REPEATED' && chunk.num_values !== groupRows)
        return `${where} has ${chunk.num_values} values in ${groupRows} rows`;
      const nulls = chunk.statistics?.null_count ?? 0n;
      if (leaf.repetition_type === 'REQUIRED' && flat && nulls > 0n)
        return `${where} is required, but has ${nulls} nulls`;
    }
  }
  return counted === rows ? undefined : `${rows} rows in all, but ${counted} in the row groups`;
}
