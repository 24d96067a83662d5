import { expect, it } from 'vitest';
import { table } from './table.ts';

it('aligns all columns but the last', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'a long one'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   a long one']);
});
