/** The page, in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createOracle } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { writeTrips } from '../support/write-trips.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-dashboard-'));
const paths = ['2022-03', '2022-04'].map((month) => join(folder, `yellow_tripdata_${month}.parquet`));
const HOSTILE = '<img src=x onerror=document.title=1>.parquet';
let tripline: Tripline;
let browser: Browser;
let page: Page;
const mistakes: string[] = [];

beforeAll(async () => {
  for (const path of paths) await writeTrips({ path, month: path.slice(-15, -8), rows: 2_000 });
  writeFileSync(join(folder, HOSTILE), 'not Parquet at all');
  tripline = await startTripline({ sourceUrl: `file://${folder}` });
  await tripline.settled(3);
  browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
  page = await browser.newPage();
  page.on('pageerror', (error) => mistakes.push(error.message));
  page.on('console', (message) => message.type() === 'error' && mistakes.push(message.text()));
});

beforeEach(() => page.goto(tripline.url));

/** Whatever a test did. */
const expectNoMistakes = (): void => expect(mistakes.splice(0)).toEqual([]);
afterEach(expectNoMistakes);

afterAll(async () => {
  await browser?.close();
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('shows the p90 of everything, and of a range as it is typed', async () => {
  const oracle = await createOracle(paths);
  const shown = async (range: { from?: string; to?: string }): Promise<void> => {
    const { value, trips, tripsOver } = await oracle.p90(range);
    const format = new Intl.NumberFormat('en-US');
    await page.locator('#value', { hasText: `${format.format(value ?? 0)} miles` }).waitFor();
    expect(await page.locator('#counts').textContent()).toBe(
      `exact, of ${format.format(trips)} trips; ${format.format(tripsOver)} are longer`,
    );
  };
  await shown({});
  await page.fill('[name=from]', '2022-03-20T10:00:00');
  await page.fill('[name=to]', '2022-04-02T00:00:00');
  await shown({ from: '2022-03-20T10:00:00', to: '2022-04-02T00:00:00' });
  await page.click('text=everything');
  await shown({});
  oracle.close();
});

it('shows months and files, and a hostile file name as text', async () => {
  await page.locator('.month').nth(1).waitFor();
  await page.locator('#files tr').nth(2).waitFor();
  expect(await page.locator('.month').count()).toBe(2);
  const rows = await page.locator('#files tr').allTextContents();
  expect(rows).toHaveLength(3);
  expect(rows.at(-1)).toContain(HOSTILE);
  expect(rows.at(-1)).toContain('quarantined');
  expect(rows.at(-1)).toContain('NOT_PARQUET');
  expect(await page.title()).toBe('Tripline: p90 of taxi-trip distance');
});

it('says what is wrong with a range that ends before it begins', async () => {
  await page.fill('[name=from]', '2022-04-20T10:00:00');
  await page.fill('[name=to]', '2022-04-02T00:00:00');
  await page.locator('#problem:not([hidden])').waitFor();
  expect(await page.locator('#problem').textContent()).toMatch(/from must be before to/);
});

/** What is wider than the page, as in `table 512`. */
const overflowing = (): Promise<string[]> =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth,
    );
    return wide.map((element) => `${element.tagName} ${element.className} ${element.id}`);
  });

it('fits a telephone, 390 pixels wide, and a narrower one', async () => {
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    await page.goto(tripline.url);
    await page.locator('#files tr').nth(2).waitFor();
    await page.locator('.month').nth(1).waitFor();
    expect(await overflowing(), `at ${width}`).toEqual([]);
    await page.goto(`${tripline.url}/api`);
    await page.locator('#operations-Questions-p90').waitFor();
    expect(await overflowing(), `REST at ${width}`).toEqual([]);
  }
  await page.setViewportSize({ width: 1_280, height: 720 });
});

it('lets a person try REST', async () => {
  await page.click('footer >> text=REST');
  expect(await page.title()).toBe('Tripline REST');
  const p90 = page.locator('#operations-Questions-p90');
  await p90.locator('.opblock-summary').click();
  await p90.locator('[data-param-name=from] input').fill('2022-03-20T10:00:00');
  await p90.locator('[data-param-name=to] input').fill('2022-04-02');
  await p90.locator('.execute').click();
  await p90.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  const answer = await p90.locator('.live-responses-table .highlight-code code').first().textContent();
  const expected = await tripline.p90({ from: '2022-03-20T10:00:00', to: '2022-04-02' });
  expect(JSON.parse(answer ?? '')).toEqual(expected);
});

it('lets a person write GraphQL, on a page that may run nothing but its own', async () => {
  await page.click('footer >> text=GraphQL');
  expect(await page.title()).toBe('Tripline');
  // It knows the schema: the editor marks no field as unknown, and its workers run.
  await page.locator('.monaco-editor', { hasText: 'tripsOver' }).first().waitFor();
  await page.getByRole('button', { name: /execute/i }).click();
  const { value, trips } = await tripline.p90({});
  const answer = page.locator('.result-window', { hasText: `"trips": ${trips}` });
  await answer.waitFor();
  expect((await answer.textContent())?.replaceAll('\u00a0', ' ')).toContain(`"value": ${value}`);
  expect(page.workers().length).toBeGreaterThan(0);
});
