/** File versions that an operator has accepted, whatever would hold them back after they were loaded. */
import { z } from 'zod';
import { count } from './row-shapes.ts';
import { onlyRow, type Warehouse } from './warehouse.ts';

export interface FileVersionName {
  source: string;
  filename: string;
  version: string;
}

/** Idempotent. */
export async function acceptVersion(
  warehouse: Warehouse,
  { source, filename, version }: FileVersionName,
): Promise<void> {
  await warehouse.insert('accepted_versions', [{ source, filename, version }]);
}

export async function isAccepted(
  warehouse: Warehouse,
  { source, filename, version }: FileVersionName,
): Promise<boolean> {
  const rows = await warehouse.rows(
    `SELECT count() AS times FROM accepted_versions
     WHERE source = {source:String} AND filename = {filename:String} AND version = {version:String}`,
    { row: z.object({ times: count }), params: { source, filename, version } },
  );
  return onlyRow(rows).times > 0;
}

const ACCEPTED_ROW = z.object({ filename: z.string(), version: z.string() });

/** Every accepted version of a source, by one statement. @returns tells whether a version is one of them */
export async function readAccepted(
  warehouse: Warehouse,
  { source }: { source: string },
): Promise<(file: { filename: string; version: string }) => boolean> {
  const rows = await warehouse.rows(
    'SELECT DISTINCT filename, version FROM accepted_versions WHERE source = {source:String}',
    { row: ACCEPTED_ROW, params: { source } },
  );
  const accepted = new Set(rows.map(({ filename, version }) => `${filename}\0${version}`));
  return ({ filename, version }) => accepted.has(`${filename}\0${version}`);
}
