import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommand } from './run-command.mjs';

/** Runs `npm ci` when node_modules is missing or holds something else than package-lock.json says. */
export async function ensurePackages({ root, withDev, say }) {
  if (installed({ root, withDev })) return;
  await alone(root, async () => {
    // Another bootstrap may have done it while this one waited.
    if (installed({ root, withDev })) return;
    say('installing packages (npm ci)');
    const options = ['--no-audit', '--no-fund', '--loglevel=error', ...(withDev ? ['--include=dev'] : [])];
    const npm = process.env['npm_execpath'];
    const [file, before] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
    const run = (...args) => runCommand(file, [...before, ...args, ...options], { cwd: root });
    if ((await run('ci')).ok) return;
    // It refuses a lock that was made where the registry lacks other platforms' packages; an installation takes the same versions.
    say('npm ci refused; installing what package-lock.json names (npm install)');
    const { ok, output } = await run('install', '--no-save');
    if (!ok) throw new Error(`the packages cannot be installed; npm says:\n${output.trimEnd()}`);
  });
}

/** Compared by content, not by date: a checkout of another branch and back needs no installation. */
function installed({ root, withDev }) {
  const wanted = packages(join(root, 'package-lock.json'));
  const present = packages(join(root, 'node_modules/.package-lock.json'));
  if (present === undefined) return false;
  if (wanted === undefined) return true;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const there = present[path];
    if (there === undefined)
      return entry.optional || entry.devOptional || entry.peer || (entry.dev && !withDev);
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

function packages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Two `npm ci` in one checkout would delete each other's files. A folder left by a dead process is taken over. It lies in the checkout, where no other user of the
 * machine can make one that is never given back.
 */
async function alone(root, work) {
  const folder = join(root, '.npm-install');
  for (;;) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    await pause(200);
    if (!holderLives(join(folder, 'pid'))) rmSync(folder, { recursive: true, force: true });
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function holderLives(path) {
  try {
    process.kill(Number(readFileSync(path, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
