/**
 * Runs one of our programs, in this process:
 *
 *     node config/program/run.mjs gateway/main.ts
 *
 * With `--build` it runs nothing, and builds the programs that are named.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtProgram } from './built-program.mjs';

const [node, , entry, ...rest] = process.argv;
if (entry === '--build') {
  for (const named of rest) await builtProgram(named);
} else {
  const path = await builtProgram(entry);
  process.setSourceMapsEnabled(true);
  process.argv = [node, resolve(import.meta.dirname, '../..', entry), ...rest];
  await import(pathToFileURL(path).href);
}
