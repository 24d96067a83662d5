import { expect, it } from 'vitest';
import { matchesWeakly } from './entity-tags.ts';

it('compares weakly, in lists', () => {
  for (const condition of [
    '"a"',
    'W/"a"',
    '"b", W/"a"',
    '"b","a"',
    '*',
    ' * ',
    '"b,c", "a"',
    'W/"x" , W/"a"',
  ])
    for (const etag of ['"a"', 'W/"a"']) expect(matchesWeakly(condition, etag), condition).toBe(true);
  for (const condition of ['', '"b"', 'a', '"aa"', '"b,a"', 'W/"A"', '"'])
    expect(matchesWeakly(condition, '"a"'), condition).toBe(false);
});
