import { expect, it } from 'vitest';
import { keepAnswer } from './kept-answer.ts';
import type { Read } from './reads.ts';

const READS: Read[] = [
  ['span', '0', '86400000000', 7],
  ['through', '2023-01-31 23:59:59'],
];
const SAME = {
  question: 'graphql\nhash\nname\n',
  namespace: 'schema',
  body: Buffer.from('{}'),
  reads: READS,
  snapshot: { logId: 'first load', sequence: 9 },
};
const etagOf = (changed: Partial<typeof SAME>): string => keepAnswer({ ...SAME, ...changed }).etag;

it('has the same name wherever and whenever it is computed', () => {
  expect(etagOf({})).toMatch(/^W\/"7-[\w-]{22}"$/);
  for (const changed of [
    { body: Buffer.from('{ }') },
    { snapshot: { ...SAME.snapshot, sequence: 10 } },
    { reads: READS.toReversed() },
    { reads: [...READS, ...READS] },
  ])
    expect(etagOf(changed)).toBe(etagOf({}));
});

it.each<[string, Partial<typeof SAME>]>([
  ['question', { question: 'rest\nhash\nname\n' }],
  ['schema', { namespace: 'another' }],
  ['warehouse', { snapshot: { logId: 'another', sequence: 9 } }],
  ['version', { reads: [['span', '0', '86400000000', 8], READS[1]!] }],
  ['end of the data', { reads: [READS[0]!, ['through', null]] }],
])('has another for another %s', (_, changed) => expect(etagOf(changed)).not.toBe(etagOf({})));
