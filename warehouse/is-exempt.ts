import { isAccepted, type FileVersionName } from './accepted-versions.ts';
import { liveLoadOf, readFileChanges } from './loads.ts';
import type { Warehouse } from './warehouse.ts';

/** Does no judgement hold this version back? An operator has accepted it, or its trips are counted already. */
export async function isExempt(warehouse: Warehouse, file: FileVersionName): Promise<boolean> {
  if (await isAccepted(warehouse, file)) return true;
  return liveLoadOf(await readFileChanges(warehouse, file))?.version === file.version;
}
