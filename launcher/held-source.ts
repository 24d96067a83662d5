import { renameSync, writeFileSync } from 'node:fs';
import { sourceIdentity, type SourceLocation } from '../config/environment.ts';
import { dataFolders } from '../config/data-folders.ts';
import { heldSourcePath, readHeldSource, type SourceIdentity } from '../config/source-identity.ts';
import { Refusal } from './refusal.ts';

/**
 * A folder holds the data of one source: `DATA_DIR/source.json` says which.
 * @param rebind the source has moved: what it shows at its new address takes the place of what it showed at the old one, file by file
 * @throws Refusal when it is another one
 */
export function checkHeldSource({
  dataDir,
  source,
  rebind = false,
}: {
  dataDir: string;
  source: SourceLocation;
  rebind?: boolean;
}): void {
  const held = heldOrRefusal(dataDir);
  if (held === undefined) return;
  const there = held.source;
  const { source: here, query } = sourceIdentity(source);
  const isDemo = there === 'demo:' || here === 'demo:';
  if (rebind && !isDemo) return;
  if (rebind && there !== here)
    throw new Refusal(
      `${dataDir} holds the data of ${there}, not of ${here}: trips of the demo and real ones are kept apart, also with --rebind; set DATA_DIR to another folder`,
    );
  const advice = isDemo
    ? 'set DATA_DIR to another folder, or SOURCE_URL back'
    : 'set DATA_DIR to another folder, or SOURCE_URL back; where the same files have moved, start once with npm start -- --rebind';
  if (there !== here) throw new Refusal(`${dataDir} holds the data of ${there}, not of ${here}: ${advice}`);
  if (held.query !== query)
    throw new Refusal(`${dataDir} holds the data of ${there} with another query: ${advice}`);
}

/**
 * Where `DATA_DIR` is unset, the folder of the source that has moved.
 * @param source at its new address
 * @param root where the folders of all sources are
 * @returns undefined where no folder holds another source than the demo, or one holds this address already
 * @throws Refusal where several folders could be meant
 */
export function folderToRebind(source: SourceLocation, root?: string): string | undefined {
  const here = sourceIdentity(source);
  const others = dataFolders(root).flatMap(({ path, held }) =>
    held === undefined || held.source === 'demo:' ? [] : [{ path, held }],
  );
  if (here.source === 'demo:' || others.some(({ held }) => isSame(held, here))) return undefined;
  if (others.length > 1)
    throw new Refusal(
      `--rebind needs DATA_DIR, the folder of the source that has moved, as there are several: ${others.map(({ path, held }) => `${path} holds ${held.source}`).join('; ')}`,
    );
  return others[0]?.path;
}

const isSame = (one: SourceIdentity, other: SourceIdentity): boolean =>
  one.source === other.source && one.query === other.query;

export function keepHeldSource({ dataDir, source }: { dataDir: string; source: SourceLocation }): void {
  const path = heldSourcePath(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(sourceIdentity(source))}\n`);
  renameSync(`${path}.new`, path);
}

function heldOrRefusal(dataDir: string): SourceIdentity | undefined {
  try {
    return readHeldSource(dataDir);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}
