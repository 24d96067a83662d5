/**
 * What `npm start`, `npm test` and `npm run temporal` run on a fresh clone. It has no dependencies: it installs them (`install` does only that), gets
 * the local servers, and hands over to the launcher or to vitest in this same process, so that a signal to npm's pid reaches them.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { endChildrenOnSignals } from './servers/run-command.mjs';
import { ensurePackages } from './servers/ensure-packages.mjs';
import { findServer, neededServers } from './servers/find-server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [mode, ...rest] = process.argv.slice(2);
const say = (line) => process.stderr.write(`tripline: ${line}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Node 20.19 or newer is needed; this is ${process.versions.node}`);
  process.exit(1);
}
const PROGRAMS = { start: 'launcher/main.ts', temporal: 'launcher/temporal-command.ts' };
if (mode !== 'install' && mode !== 'test' && !Object.hasOwn(PROGRAMS, mode)) {
  say('usage: node launcher/bootstrap.mjs install|start|test|temporal');
  process.exit(2);
}

const released = endChildrenOnSignals();
const searches = new Map();
try {
  const installed = ensurePackages({ root, withDev: !Object.hasOwn(PROGRAMS, mode), say });
  const servers = mode === 'install' ? [] : neededServers(mode, process.env);
  // Side by side: the packages and the servers come from different places. What stays missing is reported where it is needed.
  for (const name of servers) searches.set(name, findServer(name, { say, packagesInstalled: installed }));
  await Promise.all([installed, ...searches.values()]);
} catch (error) {
  say(error.message);
  process.exit(1);
}
released();

if (Object.hasOwn(PROGRAMS, mode)) {
  // After the packages: esbuild is one of them.
  const { builtProgram } = await import('../config/program/built-program.mjs');
  process.setSourceMapsEnabled(true);
  const { main } = await import(pathToFileURL(await builtProgram(PROGRAMS[mode])).href);
  await main({ find: (name) => searches.get(name), args: rest });
} else if (mode === 'test') {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  process.argv = [process.argv[0], vitest, 'run', ...rest];
  await import(pathToFileURL(vitest).href);
}
