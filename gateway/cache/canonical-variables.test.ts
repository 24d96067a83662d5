import { expect, it } from 'vitest';
import { canonicalVariables } from './canonical-variables.ts';

it('is one text for variables that mean the same', () => {
  const names = ['pickup', 'p'];
  const one = canonicalVariables(names, { pickup: { from: 'a', to: 'b' }, p: 0.5, unknown: 1 });
  expect(canonicalVariables(names, { p: 0.5, pickup: { to: 'b', from: 'a' } })).toBe(one);
});

it.each([
  [{ p: null }, {}],
  [{ p: 1 }, { p: '1' }],
  [{ pickup: [1, 2] }, { pickup: [2, 1] }],
  [{ pickup: { from: null } }, { pickup: {} }],
  [{ p: null }, JSON.parse('{"p":1e999}') as Record<string, unknown>],
  [JSON.parse('{"p":1e999}') as Record<string, unknown>, { p: 'Infinity' }],
  [{ pickup: 'a,p:1' }, { pickup: 'a', p: 1 }],
  [{ pickup: ['a', 'b'] }, { pickup: ['a","b'] }],
])('%j and %j are different', (one, other) => {
  const names = ['p', 'pickup'];
  expect(canonicalVariables(names, one)).not.toBe(canonicalVariables(names, other));
});
