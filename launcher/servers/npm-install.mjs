import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { TIMES, watchInstallation } from './watch-installation.mjs';

const ADVICE =
  'check the network, the proxy (HTTPS_PROXY, or npm config get proxy) and the registry (npm config get registry)';

/** Codes of npm by which nothing of the lock is to blame. */
const NETWORK =
  /^npm error code (E(CONN\w+|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|PIPE|PROTO|NOTCACHED)|ERR_\w+|UND_ERR_\w+|(DEPTH_ZERO_)?SELF_SIGNED_\w+|(UNABLE|CERT)_\w+|E(401|403|407|429|5\d\d))$/m;

/**
 * Installs what package-lock.json names.
 * @param {string[]} options of npm
 * @param {Record<string, object>} wanted the lock's packages, by path
 * @throws Error that a person can act on
 */
export async function npmInstall({ root, options, wanted, say, times = TIMES }) {
  const npm = process.env['npm_execpath'];
  const [file, before] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  let registry = process.env['npm_config_registry'];
  if (registry === undefined) {
    // Asked for beside the installation: it is needed only when there is something to tell.
    void runCommand(file, [...before, 'config', 'get', 'registry'], { cwd: root }).then(
      ({ ok, output }) => ok && (registry ??= output.trim()),
    );
  }
  const from = () => (hostOf(registry) ? `the npm registry ${hostOf(registry)}` : 'the npm registry');
  const expected = Object.entries(wanted).filter(([path, entry]) => path !== '' && !entry.optional);
  const progress = () => {
    const there = expected.filter(([path]) => existsSync(join(root, path, 'package.json')));
    return `${there.length} of ${expected.length}`;
  };
  const run = async (...args) => {
    const watch = watchInstallation({
      ...{ say, from, progress, times },
      what: 'installing packages',
      advice: ADVICE,
    });
    const onLine = (line) => {
      const [, address, why] = /^npm http fetch \w+ (\S+) attempt \d+ failed with (.+)$/.exec(line) ?? [];
      if (why !== undefined) {
        registry = address;
        watch.failed(why);
      } else if (line.startsWith('npm http ')) watch.answered();
    };
    const result = await runCommand(file, [...before, ...args, ...options], { cwd: root, onLine });
    watch.end();
    return { ...result, errors: result.output.split('\n').filter((line) => !/^npm http |^\s*$/.test(line)) };
  };
  const first = await run('ci');
  if (first.ok) return;
  const blame = NETWORK.exec(first.output)?.[1];
  if (blame !== undefined)
    throw new Error(
      `the packages cannot be installed, as ${from()} does not give them (${blame}): ${ADVICE}`,
    );
  // It refuses a lock that was made where the registry lacks other platforms' packages; an installation takes the same versions.
  say('npm ci refused; installing what package-lock.json names (npm install)');
  const second = await run('install', '--no-save');
  if (!second.ok) throw new Error(`the packages cannot be installed; npm says:\n${second.errors.join('\n')}`);
}

/** Without user and password. */
function hostOf(address) {
  return address !== undefined && URL.canParse(address) ? new URL(address).host : '';
}
