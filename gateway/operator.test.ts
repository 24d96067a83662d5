import { expect, it } from 'vitest';
import { createOperatorCheck } from './operator.ts';

const isOperator = createOperatorCheck('correct-horse-battery');

it.each(['Bearer correct-horse-battery', 'bearer  correct-horse-battery '])('lets %j in', (header) => {
  expect(isOperator(header)).toBe(true);
});

it.each([
  null,
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'correct-horse-battery',
  'Basic correct-horse-battery',
  'Bearer correct-horse-batter',
  'Bearer correct-horse-battery x',
  'Bearer CORRECT-HORSE-BATTERY',
])('keeps %j out', (header) => {
  expect(isOperator(header)).toBe(false);
});
