import { expect, it } from 'vitest';
import { parseStartOptions } from './start-options.ts';

it('takes --rebind, and nothing that it does not know', () => {
  expect(parseStartOptions([])).toEqual({ rebind: false });
  expect(parseStartOptions(['--rebind'])).toEqual({ rebind: true });
  expect(() => parseStartOptions(['--rebin'])).toThrow('there is no option "--rebin"; there is --rebind');
});
