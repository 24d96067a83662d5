/** The whole of Tripline as a person starts it, for end-to-end tests. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localClickhouse } from '../../config/local-clickhouse.ts';
import { freePorts } from '../../launcher/ports.ts';
import { until } from './until.ts';

export interface Percentile {
  p: number;
  value: number | null;
  trips: number;
  tripsOver: number;
  dataVersion: number;
  dataThrough: string | null;
  exact: boolean;
}

export interface FileNode {
  filename: string;
  stage: string;
  reason: string | null;
  rows: number | null;
  rejected: number | null;
  notes: string[];
}

export interface Tripline {
  url: string;
  /** The launcher's. */
  pid: number;
  dataDir: string;
  /** Everything that the launcher has printed. */
  log: () => string;
  /** `GET /api/p90`; throws when the gateway does not answer 200. */
  p90: (range?: {
    from?: string | undefined;
    to?: string | undefined;
    interpolate?: boolean;
  }) => Promise<Percentile>;
  graphql: <Data>(
    query: string,
    variables?: Record<string, unknown>,
    options?: { token?: string },
  ) => Promise<{ data?: Data; errors?: GraphQLMistake[] }>;
  files: () => Promise<FileNode[]>;
  /** Waits until every one of these files is published or quarantined. */
  settled: (count: number, deadlineMs?: number) => Promise<FileNode[]>;
  /** Where a part runs now: `DATA_DIR/run/<name>.json`. */
  part: (name: string) => { pid: number; url: string };
  /** ClickHouse's address with the credentials of one of its users in it. */
  clickhouse: (user: 'reader' | 'loader') => string;
  /** What the loader's statement gives, as text; throws when ClickHouse refuses it. */
  sql: (statement: string) => Promise<string>;
  stop: () => Promise<void>;
}

interface GraphQLMistake {
  message: string;
  extensions?: { code?: string };
}

/** Not one that an outgoing connection may take while the gateway is away. */
export async function freePort(): Promise<number> {
  return (await freePorts({ port: 0 }, { anywhere: true })).port;
}

/** @param dataDir a folder of before; a new one, removed on stop, by default */
export async function startTripline({
  sourceUrl,
  dataDir,
  env = {},
}: {
  sourceUrl: string;
  dataDir?: string;
  env?: Record<string, string>;
}): Promise<Tripline> {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'tripline-e2e-'));
  const port = await freePort();
  const child = spawn(process.execPath, ['launcher/bootstrap.mjs', 'start'], {
    env: { ...process.env, SOURCE_URL: sourceUrl, DATA_DIR: folder, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;

  const graphql: Tripline['graphql'] = async (query, variables = {}, { token } = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as never;
  };
  const files = async (): Promise<FileNode[]> => {
    const { data } = await graphql<{ files: { nodes: FileNode[] } }>(
      '{ files(first: 500) { nodes { filename stage reason rows rejected notes } } }',
    );
    return data?.files.nodes ?? [];
  };
  try {
    await until(
      'the gateway is ready',
      async () => {
        if (child.exitCode !== null) throw new Error('the launcher exited');
        return (await fetch(`${url}/readyz`)).ok;
      },
      { deadlineMs: 60_000 },
    );
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  return {
    url,
    pid: child.pid ?? 0,
    dataDir: folder,
    log: () => log,
    async p90(range = {}) {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(range))
        if (value !== undefined) query.set(name, String(value));
      const response = await fetch(`${url}/api/p90?${query}`);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as Percentile;
    },
    graphql,
    files,
    settled: (count, deadlineMs = 60_000) =>
      until(
        `${count} files are published or quarantined`,
        async () => {
          const nodes = await files();
          const done = nodes.filter(({ stage }) => stage === 'PUBLISHED' || stage === 'QUARANTINED');
          return nodes.length === count && done.length === count && nodes;
        },
        { deadlineMs, everyMs: 200 },
      ),
    part: (name) =>
      JSON.parse(readFileSync(join(folder, 'run', `${name}.json`), 'utf8')) as { pid: number; url: string },
    clickhouse: (as) => localClickhouse(folder, { as }),
    async sql(statement) {
      const { origin, username, password } = new URL(localClickhouse(folder, { as: 'loader' }));
      const headers = { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password };
      const response = await fetch(origin, { method: 'POST', body: statement, headers });
      if (!response.ok) throw new Error(await response.text());
      return response.text();
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
