import { createHash } from 'node:crypto';

/** The engine expands globs even in bound names, so a key is never a source's own name. */
export function lakeKey({
  source,
  filename,
  version,
}: {
  source: string;
  filename: string;
  version: string;
}): string {
  return createHash('sha256').update(`${source}\0${filename}\0${version}`).digest('hex').slice(0, 40);
}
