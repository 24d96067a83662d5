/** Which files have the same bytes: what they hold is counted once, whatever they are called. */
import { z } from 'zod';
import type { FileVersionName } from './accepted-versions.ts';
import { loadId } from './row-shapes.ts';
import { statement, type Warehouse } from './warehouse.ts';

/** Idempotent. @param sha256 of the raw file, in hexadecimal */
export async function recordContent(
  warehouse: Warehouse,
  { source, filename, version, sha256 }: FileVersionName & { sha256: string },
): Promise<void> {
  await warehouse.insert('file_contents', [{ source, filename, version, sha256 }]);
}

/** Undefined for a version that was loaded before contents were recorded. */
export async function readContent(
  warehouse: Warehouse,
  { source, filename, version }: FileVersionName,
): Promise<string | undefined> {
  const rows = await warehouse.rows(
    `SELECT sha256 FROM file_contents
     WHERE source = {source:String} AND filename = {filename:String} AND version = {version:String}
     ORDER BY hashed_at DESC LIMIT 1`,
    { row: z.object({ sha256: z.string() }), params: { source, filename, version } },
  );
  return rows[0]?.sha256;
}

/** A file version that has the bytes of another one. */
export interface SameContent {
  filename: string;
  version: string;
  /** Its trips are counted. */
  live: boolean;
  /** An operator has taken it out, and the source still shows it, as far as we know. */
  held: boolean;
  /** The source does not show that file any more. */
  gone: boolean;
}

const bool = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);
const SAME_CONTENT_ROW = z.object({
  filename: z.string(),
  version: z.string(),
  live: bool,
  held: bool,
  gone: bool,
});

/** Every file version with these bytes, the one that is asked about among them. */
export async function readSameContent(
  warehouse: Warehouse,
  { source, sha256 }: { source: string; sha256: string },
): Promise<SameContent[]> {
  return warehouse.rows(statement('read_same_content'), {
    row: SAME_CONTENT_ROW,
    params: { source, sha256 },
  });
}

export type ContentJudgement =
  /** Its bytes are counted, or were taken out, under another name. */
  | { kind: 'duplicate'; of: string; isHeld: boolean }
  /** Files of the same bytes that are gone at the source: it is their new name. */
  | { kind: 'new'; renamed: { filename: string; version: string }[] };

/**
 * What is to become of a file version by its bytes, once it is loaded.
 * @param accepted what an operator has taken out under another name does not hold it back
 */
export function judgeContent(
  file: { filename: string; version: string },
  same: readonly SameContent[],
  { accepted }: { accepted: boolean },
): ContentJudgement {
  // It is counted already, and stays so: that changes nothing.
  if (same.some(({ filename, live }) => live && filename === file.filename))
    return { kind: 'new', renamed: [] };
  const others = same.filter(({ filename }) => filename !== file.filename);
  const counted = others.find(({ live, gone }) => live && !gone);
  if (counted !== undefined) return { kind: 'duplicate', of: counted.filename, isHeld: false };
  const held = accepted ? undefined : others.find((other) => other.held && !other.gone && !other.live);
  if (held !== undefined) return { kind: 'duplicate', of: held.filename, isHeld: true };
  const renamed = others.filter(({ live }) => live).map(({ filename, version }) => ({ filename, version }));
  return { kind: 'new', renamed };
}

/** Why a file version is not loaded: for people. */
export function duplicateMessage({ of, isHeld }: { of: string; isHeld: boolean }): string {
  return isHeld
    ? `its bytes are those of ${of}, which an operator has taken out; accept counts it nevertheless`
    : `its bytes are counted as ${of} already`;
}

const LOOKALIKE_ROW = z.object({ filename: z.string(), version: z.string(), load_id: loadId });

/** Live files of the source, others than this one, whose loads have this checksum (row numbers, pickups and distances). */
export async function readLookalikes(
  warehouse: Warehouse,
  { source, filename, checksum }: { source: string; filename: string; checksum: string },
): Promise<{ filename: string; version: string }[]> {
  return warehouse.rows(
    `SELECT filename, version, load_id FROM (${statement('read_live_loads')})
     WHERE filename != {filename:String} AND JSONExtractString(proof, 'checksum') = {checksum:String} ORDER BY filename`,
    { row: LOOKALIKE_ROW, params: { source, filename, checksum } },
  );
}

/** Files that wait as `DUPLICATE` although nothing holds their bytes any more. */
export async function readFreedDuplicates(
  warehouse: Warehouse,
  { source }: { source: string },
): Promise<Set<string>> {
  const rows = await warehouse.rows(statement('read_freed_duplicates'), {
    row: z.object({ filename: z.string() }),
    params: { source },
  });
  return new Set(rows.map(({ filename }) => filename));
}
