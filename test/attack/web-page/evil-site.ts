/** The attacker's own server: the page, and a place where nothing of ours may ever ask. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EvilSite {
  port: number;
  /** Targets of the requests for anything but the page, as they came. */
  asked: string[];
  close: () => void;
}

export const PAGE =
  '<!doctype html><meta charset=utf-8><title>evil</title><body><script src="/attack-page.js"></script>';
export const SCRIPT = readFileSync(new URL('page.js', import.meta.url), 'utf8');

export async function startEvilSite(): Promise<EvilSite> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    if (url === '/attack.html') return void response.setHeader('content-type', 'text/html').end(PAGE);
    if (url === '/attack-page.js')
      return void response.setHeader('content-type', 'text/javascript').end(SCRIPT);
    if (url !== '/favicon.ico') asked.push(url);
    response.end('evil\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
