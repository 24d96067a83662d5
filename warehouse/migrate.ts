import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClickHouseError, type Warehouse } from './warehouse.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

export interface Migrated {
  /** Names of the migrations that were run. */
  applied: string[];
  /** Of those that this server would not run, and why. */
  skipped: { name: string; reason: string }[];
}

/**
 * Grants are for servers whose users are managed by SQL. Others (users.xml, the embedded engine) refuse them: 497, ACCESS_DENIED, to who may not manage access, or
 * 495 and 514 where there is nowhere to write to. They are tried again at the next start.
 */
const isOptional = (name: string): boolean => name.endsWith('_grants.sql');

/**
 * Brings the tables up to date: runs each numbered migration that this warehouse has not seen, in order.
 * Every statement is idempotent (IF NOT EXISTS), so two processes may run this at once.
 */
export async function migrate(warehouse: Warehouse): Promise<Migrated> {
  await warehouse.command(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
     ENGINE = MergeTree ORDER BY name`,
  );
  const applied = new Set(
    (await warehouse.rows('SELECT name FROM schema_migrations', { row: z.object({ name: z.string() }) })).map(
      ({ name }) => name,
    ),
  );
  const pending = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql') && !applied.has(name))
    .toSorted();
  const done: Migrated = { applied: [], skipped: [] };
  for (const name of pending) {
    try {
      for (const sql of splitStatements(readFileSync(new URL(name, FOLDER), 'utf8')))
        await warehouse.command(sql);
    } catch (error) {
      if (!isOptional(name) || !(error instanceof ClickHouseError)) throw error;
      done.skipped.push({ name, reason: error.type ?? error.code });
      continue;
    }
    await warehouse.insert('schema_migrations', [{ name }]);
    done.applied.push(name);
  }
  return done;
}

/** Migrations end each statement with a semicolon at the end of a line, and use none elsewhere. */
function splitStatements(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .map((sql) => sql.trim())
    .filter((sql) => sql.replace(/^--.*$/gm, '').trim() !== '');
}
