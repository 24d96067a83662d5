/** A page that takes down what it cannot read: endless bodies, answers that it leaves unread, and as many connections as a browser gives it. */
import type { Browser } from 'playwright-core';
import type { Ledger } from '../ledger.ts';
import type { ListeningPort } from '../process-tree.ts';
import type { Victim } from '../victim.ts';
import { until } from '../../support/until.ts';

/** In the page; `target(n)` is a name of its own for each, so that the browser's limit of six connections to a host is none. */
const FLOODS: Readonly<Record<string, string>> = {
  'large bodies': `Promise.all(Array.from({ length: 24 }, (_, n) =>
    fetch(target(n) + '/', { method: 'POST', mode: 'no-cors', body: new Blob([new Uint8Array(8 << 20)]) }).catch(() => 0)))`,
  'large bodies of a statement': `Promise.all(Array.from({ length: 12 }, (_, n) =>
    fetch(target(n) + '/?query=' + encodeURIComponent('INSERT INTO trips FORMAT RawBLOB'), { method: 'POST', mode: 'no-cors', body: new Blob([new Uint8Array(8 << 20)]) }).catch(() => 0)))`,
  'many connections': `Promise.all(Array.from({ length: 240 }, (_, n) =>
    new Promise((done) => { const image = new Image(); image.onload = image.onerror = done; image.src = target(n) + '/' + n })))`,
  'sockets that stay open': `Promise.all(Array.from({ length: 100 }, (_, n) => { try { new WebSocket(target(n).replace('http', 'ws') + '/') } catch {} }))`,
  'answers left unread': `Promise.all(Array.from({ length: 60 }, (_, n) =>
    fetch(target(n) + '/?query=' + encodeURIComponent('SELECT * FROM system.numbers FORMAT TSV'), { mode: 'no-cors' }).catch(() => 0)))`,
};
const FLOOD_MS = 1_200;

export async function floodByPage({
  scenario,
  ledger,
  victim,
  browser,
  ports,
  isRight,
}: {
  scenario: string;
  ledger: Ledger;
  victim: Victim;
  browser: Browser;
  ports: readonly ListeningPort[];
  /** Does the gateway answer as it should? */
  isRight: () => Promise<boolean>;
}): Promise<void> {
  for (const { port, part } of ports)
    for (const [name, flood] of Object.entries(FLOODS)) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.route('http://evil.example/', (route) =>
        route.fulfill({ contentType: 'text/html', body: 'evil' }),
      );
      await page.goto('http://evil.example/');
      const act = page.evaluate(`(() => {
        const target = (n) => 'http://n' + n + '.evil.example:${port}';
        return Promise.race([${flood}, new Promise((done) => setTimeout(done, ${FLOOD_MS}))]).then(() => 0);
      })()`);
      const answered = until('the gateway answers rightly', isRight, { deadlineMs: 10_000 }).then(
        () => [],
        (error: unknown) => [{ kind: 'stuck', what: String(error) } as const],
      );
      const [breaches] = await Promise.all([answered, act]);
      await context.close();
      ledger.note(scenario, `flood of the ${part} port: ${name}`, [...breaches, ...victim.newBreaches()]);
    }
}
