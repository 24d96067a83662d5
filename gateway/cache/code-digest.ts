import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What answers are made by. */
const PLACES = ['schema.graphql', 'gateway', 'warehouse'];

/**
 * Names the code of this gateway. Answers are shared, and confirmed to clients, among gateways of the same code alone: what a release mends is not told
 * any more, and no shape of before is taken for one of now.
 * @param root of the repository, with a slash at its end
 * @returns base64url of a SHA-256 over all files but tests
 */
export function codeDigest(root = fileURLToPath(new URL('../../', import.meta.url))): string {
  const hash = createHash('sha256');
  for (const place of PLACES)
    for (const file of filesOf(join(root, place)))
      hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file));
  return hash.digest('base64url');
}

function filesOf(place: string): string[] {
  if (/\.\w+$/.test(place)) return place.endsWith('.test.ts') ? [] : [place];
  return readdirSync(place)
    .toSorted()
    .flatMap((name) => filesOf(join(place, name)));
}
