import type { FileSchema } from './file-schema.ts';
import { readFooter } from './footer.ts';
import { firstPagesFlaw } from './page-sanity.ts';
import { walkPages } from './page-walk.ts';
import type { Refusal } from './refusal.ts';
import { shortList } from './short-list.ts';
import type { WholeFile } from './whole-file.ts';

/**
 * What a raw file itself says: how to read it, or why the engine is not to read it. Of the footer no more is kept, as it may be large.
 * @param month `YYYY-MM`, or '' for a file without one
 * @returns with the schema, for people, what its pages told that the footer does not
 */
export async function judgeFile(
  file: WholeFile,
  { month }: { month: string },
): Promise<{ schema: FileSchema; notes: string[] } | { refusal: Refusal }> {
  const footer = await readFooter({ ...file, month });
  if (footer.kind === 'refused') return { refusal: footer.refusal };
  if (footer.kind === 'needMore') throw new Error('the lake does not hold the whole file');
  const { metadata, schema } = footer;
  const { refusal, unread } = await walkPages(metadata, file);
  if (refusal !== undefined) return { refusal };
  const flaw = await firstPagesFlaw(metadata, file);
  if (flaw === undefined) return leaveOut(schema, unread);
  return { refusal: { code: 'UNREADABLE', message: `the pages contradict the footer: ${flaw}` } };
}

/**
 * A column without a value need not be read; one with values is left where it is unknown to us, and otherwise the file is refused: its trips would lack them.
 * @param unread columns that the engine cannot read; true for those without a value
 */
function leaveOut(
  schema: FileSchema,
  unread: ReadonlyMap<string, boolean>,
): { schema: FileSchema; notes: string[] } | { refusal: Refusal } {
  const known = schema.columns.find(({ source }) => unread.get(source) === false);
  if (known !== undefined) {
    const message = `column ${known.source} has pages of nulls that are said to be compressed and are empty, which the engine does not read: write the file with pages of version 1, or by a newer Spark`;
    return { refusal: { code: 'UNREADABLE', message } };
  }
  const lost = schema.unknown.filter((name) => unread.get(name) === false);
  return {
    schema: {
      ...schema,
      read: schema.read.filter(({ name }) => !unread.has(name)),
      columns: schema.columns.filter(({ source }) => !unread.has(source)),
      unknown: schema.unknown.filter((name) => !unread.has(name)),
    },
    notes:
      lost.length === 0
        ? []
        : [`columns that are not kept: ${shortList(lost)}: empty pages that are said to be compressed`],
  };
}
