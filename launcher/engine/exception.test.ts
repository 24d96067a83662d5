import { expect, it } from 'vitest';
import { exceptionFrom, exceptionOf, httpStatusOf } from './exception.ts';

it('unwraps what the engine repeats around an exception', () => {
  const inner = 'Code: 73. DB::Exception: Unknown format X. (UNKNOWN_FORMAT)';
  const outer = (text: string) => `Code: 73. DB::Exception: ${text} (version 26.7.2.1). (UNKNOWN_FORMAT)`;
  expect(exceptionFrom(new Error(outer(outer(inner))))).toMatchObject({ code: 73, message: inner });
});

it('gives everything a code', () => {
  expect(exceptionFrom(new Error('EMFILE'))).toMatchObject({
    code: 1001,
    message: 'Code: 1001. DB::Exception: EMFILE. (STD_EXCEPTION)',
  });
  expect(exceptionFrom('Code: 395. DB::Exception: x. (Y)').code).toBe(395);
  const own = exceptionOf('READONLY', 'No.');
  expect(exceptionFrom(own)).toBe(own);
});

it('knows ClickHouse’s statuses', () => {
  expect([62, 47, 159, 516, 48, 395].map(httpStatusOf)).toEqual([400, 404, 408, 403, 501, 500]);
});
