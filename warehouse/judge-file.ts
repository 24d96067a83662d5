import type { FileSchema } from './file-schema.ts';
import { readFooter } from './footer.ts';
import { firstPagesFlaw } from './page-sanity.ts';
import { pagesRefusal } from './page-walk.ts';
import type { Refusal } from './refusal.ts';
import type { WholeFile } from './whole-file.ts';

/**
 * What a raw file itself says: how to read it, or why the engine is not to read it. Of the footer no more is kept, as it may be large.
 * @param month `YYYY-MM`, or '' for a file without one
 */
export async function judgeFile(
  file: WholeFile,
  { month }: { month: string },
): Promise<{ schema: FileSchema } | { refusal: Refusal }> {
  const footer = await readFooter({ ...file, month });
  if (footer.kind === 'refused') return { refusal: footer.refusal };
  if (footer.kind === 'needMore') throw new Error('the lake does not hold the whole file');
  const { metadata, schema } = footer;
  const refusal = await pagesRefusal(metadata, file);
  if (refusal !== undefined) return { refusal };
  const flaw = await firstPagesFlaw(metadata, file);
  if (flaw === undefined) return { schema };
  return { refusal: { code: 'UNREADABLE', message: `the pages contradict the footer: ${flaw}` } };
}
