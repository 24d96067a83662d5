import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { npmInstall } from './npm-install.mjs';

/** Runs `npm ci` when node_modules is missing or holds something else than package-lock.json says. */
export async function ensurePackages({ root, withDev, say, times }) {
  if (installed({ root, withDev })) return;
  await alone(root, say, async () => {
    // Another bootstrap may have done it while this one waited.
    if (installed({ root, withDev })) return;
    say('installing packages (npm ci); this takes a minute or two, once');
    const wanted = packages(join(root, 'package-lock.json')) ?? {};
    // Its lines about each request tell whether the registry answers.
    const options = ['--no-audit', '--no-fund', '--loglevel=http', ...(withDev ? ['--include=dev'] : [])];
    const began = performance.now();
    await npmInstall({ root, options, wanted, say, times });
    say(`the packages are installed, in ${Math.round((performance.now() - began) / 1_000)} s`);
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
async function alone(root, say, work) {
  const folder = join(root, '.npm-install');
  let told = false;
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
    else if (!told) {
      told = true;
      say('another start installs the packages of this checkout: waiting for it');
    }
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
