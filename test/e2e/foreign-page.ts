/** A web page of somebody else's, in a browser on the machine where Tripline runs. */
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Page } from 'playwright-core';

/** The name of its server, which is this machine's too: as after the name was rebound. */
export const EVIL = 'evil.example';

interface Read {
  status: number;
  text: string;
}

export interface ForeignPage {
  /** By `fetch` from the page at its own address; what browsers send without asking first. */
  post(url: string, body: string): Promise<void>;
  /** After the page's name was pointed at a port of this machine, where it is opened: its status; undefined where nothing answers. */
  rebind(port: number): Promise<number | undefined>;
  /** What the page reads there, being of one origin with it. */
  read(path: string, init?: { method: 'POST'; body: string }): Promise<Read | undefined>;
  close(): Promise<void>;
}

export async function openForeignPage(): Promise<ForeignPage> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Evil</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const home = `http://${EVIL}:${(server.address() as AddressInfo).port}/`;
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [
      // Those that are for tests of one's own pages, and would make this one pass or fail for nothing.
      ...chromium.args.filter((flag) => !/web-security|insecure-content|isolat/.test(flag)),
      `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
    ],
  });
  const atHome = await browser.newPage();
  await atHome.goto(home);
  let rebound = atHome;
  const fetchFrom = (page: Page, url: string, init?: object): Promise<Read | undefined> =>
    page.evaluate(
      `fetch(${JSON.stringify(url)}, ${JSON.stringify(init ?? {})}).then(
        async (answer) => ({ status: answer.status, text: await answer.text() }),
        () => undefined,
      )`,
    );
  return {
    async post(url, body) {
      await fetchFrom(atHome, url, { method: 'POST', mode: 'no-cors', body });
    },
    async rebind(port) {
      // A page of its own: one whose loading failed is busy for a while. To close one ends this browser, which is a single process.
      rebound = await browser.newPage();
      const loaded = await rebound.goto(`http://${EVIL}:${port}/`).catch(() => undefined);
      return loaded?.status();
    },
    read: (path, init) => fetchFrom(rebound, path, init),
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** Where a process listens, as an attacker finds out by trying all ports. Linux only. */
export function listeningPorts(pid: number): { host: string; port: number }[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    }),
  );
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(`socket:[${inode}]`))
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      const bytes = address.match(/../g)?.toReversed() ?? [];
      return { host: bytes.map((byte) => parseInt(byte, 16)).join('.'), port: parseInt(port, 16) };
    });
}
