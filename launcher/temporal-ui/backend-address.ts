import { randomInt } from 'node:crypto';
import { freePorts, whyNotFree } from '../ports.ts';

export interface BackendAddress {
  host: string;
  port: number;
}

/**
 * Where Temporal's own web server listens, behind the guard: an address of 127.0.0.0/8 that no web page finds by trying, as there are 16 million. Where only
 * 127.0.0.1 is set up (macOS), a port there that no page knows, and may find among some thousands.
 */
export async function hiddenAddress(): Promise<BackendAddress> {
  const { port } = await freePorts({ port: 0 }, { anywhere: true });
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
  return (await whyNotFree({ host, port })) === undefined ? { host, port } : { host: '127.0.0.1', port };
}
