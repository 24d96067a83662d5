import { readdirSync, readFileSync } from 'node:fs';
import type { Warehouse } from './warehouse.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Brings the tables up to date: runs each numbered migration that this warehouse has not seen, in order.
 * Every statement is idempotent (IF NOT EXISTS), so two processes may run this at once.
 * @returns the names of the migrations that were run
 */
export async function migrate(warehouse: Warehouse): Promise<string[]> {
  await warehouse.command(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
     ENGINE = MergeTree ORDER BY name`,
  );
  const applied = new Set(
    (await warehouse.rows<{ name: string }>('SELECT name FROM schema_migrations')).map(({ name }) => name),
  );
  const pending = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql') && !applied.has(name))
    .toSorted();
  for (const name of pending) {
    for (const sql of splitStatements(readFileSync(new URL(name, FOLDER), 'utf8')))
      await warehouse.command(sql);
    await warehouse.insert('schema_migrations', [{ name }]);
  }
  return pending;
}

/** Migrations end each statement with a semicolon at the end of a line, and use none elsewhere. */
function splitStatements(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .map((sql) => sql.trim())
    .filter((sql) => sql.replace(/^--.*$/gm, '').trim() !== '');
}
