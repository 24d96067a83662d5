import { expect, it } from 'vitest';
import { judgeContent, type SameContent } from './file-contents.ts';

/** `live`, `held`, `gone` of the file with these bytes, by its name. */
const same = (files: Record<string, string>): SameContent[] =>
  Object.entries(files).map(([filename, words]) => ({
    filename,
    version: `${filename}1`,
    live: words.includes('live'),
    held: words.includes('held'),
    gone: words.includes('gone'),
  }));

it.each<[string, Record<string, string>, string, string]>([
  ['nothing has them', { b: '' }, 'new', 'new'],
  ['another is counted', { a: 'live', b: '' }, 'duplicate of a', 'duplicate of a'],
  ['another was counted', { a: '', b: '' }, 'new', 'new'],
  ['another is counted and gone', { a: 'live gone', b: '' }, 'new for a', 'new for a'],
  [
    'two are counted, one of them gone',
    { a: 'live gone', b: '', c: 'live' },
    'duplicate of c',
    'duplicate of c',
  ],
  ['it is counted itself', { a: 'live', b: 'live' }, 'new', 'new'],
  ['another was taken out', { a: 'held', b: '' }, 'duplicate of a', 'new'],
  ['another was taken out and is gone', { a: 'held gone', b: '' }, 'new', 'new'],
])('of bytes that %s', (_, files, expected, accepted) => {
  const shown = (isAccepted: boolean): string => {
    const judged = judgeContent({ filename: 'b', version: 'b1' }, same(files), { accepted: isAccepted });
    if (judged.kind === 'duplicate') return `duplicate of ${judged.of}`;
    return ['new', ...judged.renamed.map(({ filename }) => `for ${filename}`)].join(' ');
  };
  expect([shown(false), shown(true)]).toEqual([expected, accepted]);
});
