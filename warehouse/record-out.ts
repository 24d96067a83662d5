import { readFileVersions, recordFile } from './files.ts';
import type { Warehouse } from './warehouse.ts';

/**
 * Records in `files` that a version is counted no longer, and why; polls leave it alone then. Idempotent.
 * @param reason a code, a colon, and a sentence
 * @param now milliseconds since 1970
 */
export async function recordOut(
  warehouse: Warehouse,
  {
    source,
    filename,
    version,
    reason,
    now,
  }: { source: string; filename: string; version: string; reason: string; now: number },
): Promise<void> {
  const versions = await readFileVersions(warehouse, { source, filename });
  const [newest] = versions;
  const record = versions.find((each) => each.version === version);
  if (newest === undefined || record === undefined || record.reason === reason) return;
  // A version that came after the live one (and was quarantined) stays the newest of its file.
  const updatedAtMs = newest === record ? Math.max(now, record.updatedAtMs + 1) : newest.updatedAtMs - 1;
  await recordFile(warehouse, { ...record, stage: 'QUARANTINED', reason, updatedAtMs });
}
