import { expect, it } from 'vitest';
import { versionFlaw } from './server-version.ts';

it.each(['26.7.2.1', '26.8', '26.12.1', '27.1.1.1'])('takes ClickHouse %s', (version) => {
  expect(versionFlaw(version)).toBeUndefined();
});

it.each(['26.6.9.1', '25.12.1', '9.9', 'nonsense'])(
  'refuses ClickHouse %s, and says what is needed',
  (version) => {
    expect(versionFlaw(version)).toMatch(/is too old.*needs 26\.7 or newer/);
  },
);
