import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('./run.mjs', import.meta.url));

/**
 * What Node is given to run one of our programs.
 * @param entry its path from the repository's root
 */
export function programArguments(entry: string, ...args: readonly string[]): [string, ...string[]] {
  return [RUN, entry, ...args];
}
