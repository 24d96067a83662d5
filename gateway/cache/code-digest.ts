import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What answers are made by. */
const FOLDERS = ['gateway', 'warehouse'];
const SCHEMA = 'schema.graphql';

/**
 * Names the code of this gateway. Answers are shared, and confirmed to clients, among gateways of the same code alone: what a release mends is not told
 * any more, and no shape of before is taken for one of now.
 * @param root of the repository
 * @returns base64url of a SHA-256 over the schema, code and SQL
 */
export function codeDigest(root = fileURLToPath(new URL('../../', import.meta.url))): string {
  const hash = createHash('sha256');
  for (const path of [SCHEMA, ...FOLDERS.flatMap((folder) => codeIn(root, folder))])
    hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  return hash.digest('base64url');
}

/** Paths in an order that is always the same. */
function codeIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return codeIn(root, path);
      return entry.isFile() && /(?<!\.test)\.(ts|sql|graphql)$/.test(path) ? [path] : [];
    });
}
