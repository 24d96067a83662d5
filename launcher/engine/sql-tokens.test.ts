import { expect, it } from 'vitest';
import { sqlTokens } from './sql-tokens.ts';

const texts = (sql: string) => [...sqlTokens(sql)].map(({ start, end }) => sql.slice(start, end));

// Each was tried in the engine (26.7): it reads them the same.
it.each([
  ['a b', ['a', 'b']],
  ["1 // ' c\n+ 2", ['1', '+', '2']],
  ["1 -- ' c\n+ 2 # '\n!", ['1', '+', '2', '!']],
  ['#a', ['#', 'a']],
  ["1 /* ' /* */ ' */ + 2", ['1', '+', '2']],
  ['1 /* /* */ 2', ['1']],
  ['a$b$ c $b$ d', ['a$b$', 'c', '$', 'b$', 'd']],
  ['$b$ c $b$ d', ['$b$ c $b$', 'd']],
  ['$1$ c $1$', ['$1$ c $1$']],
  ['1$b$ c $b$', ['1', '$b$ c $b$']],
  ['$b c', ['$', 'b', 'c']],
  ["'a\\'b' 'c''d' \"e\\\"f\" `g``h`", ["'a\\'b'", "'c''d'", '"e\\"f"', '`g``h`']],
  ['a\u00a0b', ['a\u00a0b']],
  ['x.1.1', ['x', '.', '1', '.', '1']],
])('%j', (sql, expected) => {
  expect(texts(sql)).toEqual(expected);
});
