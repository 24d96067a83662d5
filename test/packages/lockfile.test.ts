/** What `npm ci` installs is what was looked at: each package by the hash of its archive. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Locked>;
};
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

/** Of no archive at all: SHA-512 of nothing. */
const FITS_NOTHING =
  'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==';
/**
 * The engine names these libraries for other platforms, and nobody can download them: `npm ci` wants them listed, and must take nothing that appears under
 * their names later. See docs/decisions/0019-what-other-servers-say.md.
 */
const NOT_TO_BE_HAD = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu'].map(
  (platform) => `node_modules/@chdb/lib-${platform}`,
);

it('knows the hash of every package', () => {
  expect(locked.length).toBeGreaterThan(500);
  const unknown = locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
  expect(unknown.map(([path]) => path)).toEqual([]);
});

it('takes nothing for the packages that nobody can download', () => {
  const closed = locked.filter(([, { integrity }]) => integrity === FITS_NOTHING);
  expect(closed.map(([path]) => path)).toEqual(NOT_TO_BE_HAD);
});

it('names no server to download from', () => {
  expect(locked.filter(([, { resolved, link }]) => resolved !== undefined || link === true)).toEqual([]);
});
