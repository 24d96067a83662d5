import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunFile {
  /** Of the serving process itself. */
  pid: number;
  /** Without trailing slash and credentials. */
  url: string;
  /** Temporal only: its web page, and the namespace that Tripline works in. */
  ui?: string;
  namespace?: string;
  /** ClickHouse only: what a client must send. */
  headers?: Readonly<Record<string, string>>;
}

export interface RunFiles {
  write(name: string, content: RunFile): void;
  remove(name: string): void;
}

/** `DATA_DIR/run/<name>.json`, replaced atomically, for nobody but this user to read. Those of a launcher that was killed are removed first. */
export function createRunFiles(dataDir: string): RunFiles {
  const folder = join(dataDir, 'run');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    write(name, content) {
      const path = join(folder, `${name}.json`);
      writeFileSync(`${path}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    remove: (name) => rmSync(join(folder, `${name}.json`), { force: true }),
  };
}
