/** A folder of every nasty file beside good months. Each must be refused or left alone with a reason, in time, while the good ones are published whole. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Breach, Ledger } from '../ledger.ts';
import { startVictim, type Victim } from '../victim.ts';
import { createOracle } from '../../support/oracle.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { CONTENTS } from './contents.ts';
import { KINDS, NAMES } from './names.ts';
import { parquetFile, tripColumns } from './parquet-file.ts';
import { programArguments } from '../../../config/program/program.ts';

const SCENARIO = 'nasty files';
const SECRET = 'the-canarys-own-secret-4711';
const GOOD = ['2023-01', '2023-02', '2023-03'];
const LATE = '2023-04';
/** All of them, and the good month that comes last. */
const SETTLED_WITHIN_MS = 270_000;
/** Of each process, but for what starts with more. */
const MOST_BYTES = 3.2e9;
const ENGINE_MEMORY_MB = 2_000;

interface FileNode {
  filename: string;
  stage: string;
  reason: string | null;
  rows: number | null;
}

/** A month that nothing else has. */
const monthOf = (n: number): string =>
  `${2030 + Math.floor(n / 12)}-${String(1 + (n % 12)).padStart(2, '0')}`;

export async function attackByFiles(ledger: Ledger): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-files-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  const secret = join(folder, 'secret.txt');
  writeFileSync(secret, `${SECRET}\n`);
  const goodPaths = [...GOOD, LATE].map((month) => join(source, `yellow_tripdata_${month}.parquet`));
  for (const path of goodPaths.slice(0, -1))
    await writeTrips({ path, month: path.slice(-15, -8), rows: 50_000 });
  const victim = await startVictim({
    scenario: SCENARIO,
    ledger,
    sourceUrl: `file://${source}`,
    env: { ENGINE_MEMORY_MB: String(ENGINE_MEMORY_MB) },
    limitBytes: 7e9,
    mostBytesEach: MOST_BYTES,
  });
  const laid = layOut({ source, secret });
  try {
    // The file of a month that comes when all the others lie there.
    const late = goodPaths.at(-1) ?? '';
    await writeTrips({ path: late, month: LATE, rows: 50_000 });
    const laidAt = performance.now();
    const lateBreaches = await until(
      'a good month that comes among them is published',
      async () =>
        (await filesOf(victim)).some(
          ({ filename, stage }) => filename.includes(LATE) && stage === 'PUBLISHED',
        ),
      { deadlineMs: SETTLED_WITHIN_MS, everyMs: 500 },
    ).then(
      () => [],
      (error: unknown): Breach[] => [{ kind: 'stuck', what: String(error) }],
    );
    console.info(`the late month was published after ${Math.round((performance.now() - laidAt) / 1_000)} s`);
    ledger.note(SCENARIO, 'a good month that comes among them', lateBreaches);
    const leftMs = Math.max(SETTLED_WITHIN_MS - (performance.now() - laidAt), 10_000);
    await judgeEach({ ledger, victim, laid, goodPaths, source, leftMs });
  } finally {
    for (const { stop } of laid) stop?.();
    await victim.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface LaidFile {
  /** What it is, for people. */
  what: string;
  filename: string;
  stop: (() => void) | undefined;
  /** It never comes to rest, so that it need not end as anything. */
  isRestless: boolean;
}

function layOut({ source, secret }: { source: string; secret: string }): LaidFile[] {
  let months = 0;
  let files = 0;
  const trueMonth = (): Buffer => {
    const month = monthOf((months += 1));
    return parquetFile({ rows: 30, columns: tripColumns({ month, rows: 30, seed: months }) });
  };
  const contents = Object.entries(CONTENTS).map(([what, content]): LaidFile => {
    const month = monthOf((months += 1));
    const filename = `nasty_${String((files += 1)).padStart(3, '0')}_${month}.parquet`;
    writeFileSync(join(source, filename), content(month));
    return { what, filename, stop: undefined, isRestless: false };
  });
  const names = NAMES.map((name): LaidFile => {
    const path = Buffer.concat([Buffer.from(`${source}/`), Buffer.from(name as string)]);
    writeFileSync(path, trueMonth());
    const filename = name.toString();
    return {
      what: `the name ${JSON.stringify(filename.slice(0, 40))}`,
      filename,
      stop: undefined,
      isRestless: false,
    };
  });
  const kinds = Object.entries(KINDS).map(([what, kind]): LaidFile => {
    const filename = `kind ${what.replaceAll('/', '_')}.parquet`;
    const stop = kind({ path: join(source, filename), folder: source, month: trueMonth, secret });
    return { what, filename, stop: stop ?? undefined, isRestless: stop !== undefined };
  });
  return [...contents, ...names, ...kinds];
}

async function filesOf(victim: Victim): Promise<FileNode[]> {
  const all: FileNode[] = [];
  let after: string | null = null;
  do {
    const { files }: { files: { nodes: FileNode[]; pageInfo: { endCursor: string; hasNextPage: boolean } } } =
      await victim.graphql(
        `query ($after: String) { files(first: 100, after: $after) { nodes { filename stage reason rows } pageInfo { endCursor hasNextPage } } }`,
        { after },
      );
    all.push(...files.nodes);
    after = files.pageInfo.hasNextPage ? files.pageInfo.endCursor : null;
  } while (after !== null);
  return all;
}

const isSettled = ({ stage }: FileNode): boolean => stage === 'PUBLISHED' || stage === 'QUARANTINED';

async function judgeEach({
  ledger,
  victim,
  laid,
  goodPaths,
  source,
  leftMs,
}: {
  ledger: Ledger;
  victim: Victim;
  laid: readonly LaidFile[];
  goodPaths: readonly string[];
  source: string;
  leftMs: number;
}): Promise<void> {
  const restless = new Set(laid.filter(({ isRestless }) => isRestless).map(({ filename }) => filename));
  await until(
    'all files have settled',
    async () => {
      const files = await filesOf(victim);
      const unsettled = files.filter((file) => !isSettled(file) && !restless.has(file.filename));
      return files.length >= CONTENTS_AND_NAMES && unsettled.length === 0;
    },
    { deadlineMs: leftMs, everyMs: 1_000 },
  ).catch((error: unknown) => console.info(String(error)));
  for (const { stop } of laid) stop?.();
  const files = await filesOf(victim).catch(() => []);
  const known = new Map(files.map((file) => [file.filename, file]));
  const published: string[] = [];
  const visible = new Set(readdirSync(source));
  for (const { what, filename, isRestless } of laid) {
    const file = known.get(filename);
    const breaches: Breach[] = [];
    if (file !== undefined && !isSettled(file) && !isRestless)
      breaches.push({ kind: 'stuck', what: `it is ${file.stage} still` });
    if (file?.stage === 'QUARANTINED' && (file.reason ?? '') === '')
      breaches.push({ kind: 'stuck', what: 'it was refused without a reason' });
    if (file?.stage === 'PUBLISHED' && !isRestless && visible.has(filename)) {
      const wrong = await rowsWrong(join(source, filename), file.rows);
      if (wrong !== undefined) breaches.push({ kind: 'wrong answer', what: wrong });
      published.push(join(source, filename));
    }
    ledger.note(SCENARIO, what, breaches);
  }
  ledger.note(SCENARIO, 'the good months', await goodMonthsWrong(victim, goodPaths));
  ledger.note(SCENARIO, 'secrets of linked files', await secretsTold(victim));
  ledger.note(SCENARIO, 'what the command line prints', await printedRaw(victim));
  ledger.note(SCENARIO, 'all parts', victim.newBreaches());
  console.info(`published of the nasty ones: ${published.length}; known: ${files.length} of ${laid.length}`);
}

/** Kinds that are no files need not be mentioned. */
const CONTENTS_AND_NAMES = Object.keys(CONTENTS).length + NAMES.length - 10;

/** DuckDB's count of a file that was published; where DuckDB cannot read it, nothing is said. */
async function rowsWrong(path: string, rows: number | null): Promise<string | undefined> {
  try {
    const oracle = await createOracle([path]);
    const { trips } = await oracle.p90({ from: '1900-01-01T00:00:00', to: '2299-12-31T00:00:00' });
    oracle.close();
    return trips === rows ? undefined : `${rows} trips were published, and it has ${trips}`;
  } catch {
    return undefined;
  }
}

async function goodMonthsWrong(victim: Victim, goodPaths: readonly string[]): Promise<Breach[]> {
  const oracle = await createOracle(goodPaths);
  const range = { from: '2023-01-01T00:00:00', to: '2023-05-01T00:00:00' };
  const right = await oracle.p90(range);
  oracle.close();
  const { p90 } = await victim.graphql<{ p90: typeof right }>(
    `{ p90(pickup: { from: "${range.from}", to: "${range.to}" }) { value trips tripsOver } }`,
  );
  if (JSON.stringify(p90) === JSON.stringify(right)) return [];
  return [{ kind: 'wrong answer', what: `${JSON.stringify(p90)} instead of ${JSON.stringify(right)}` }];
}

async function secretsTold(victim: Victim): Promise<Breach[]> {
  const told = JSON.stringify(await filesOf(victim)) + victim.log();
  const wanted: readonly [string, RegExp][] = [
    ['the secret file', new RegExp(SECRET)],
    ['/etc/passwd', /root:x:0/],
  ];
  return wanted.flatMap(([what, pattern]): Breach[] =>
    pattern.test(told) ? [{ kind: 'read', what: `an answer or a log tells of ${what}` }] : [],
  );
}

/** Names and reasons come from strangers: a terminal obeys what is not escaped. */
async function printedRaw(victim: Victim): Promise<Breach[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...programArguments('cli/main.ts'), 'files', '--stage', 'QUARANTINED'],
    { env: { ...process.env, DATA_DIR: victim.dataDir }, maxBuffer: 1 << 26 },
  );
  const raw = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
  const line = `${stdout}${victim.log()}`.split('\n').find((one) => raw.test(one));
  return line === undefined
    ? []
    : [{ kind: 'steered', what: `a terminal gets ${JSON.stringify(line.slice(0, 120))}` }];
}
