import { createServer, type Server } from 'node:net';

/** Below where Linux (32768), macOS and Windows (49152) take the ports of outgoing connections from. */
const FALLBACK = { first: 20_000, count: 12_000 };

/**
 * Free ports on the loopback interface, each its preferred one unless that is busy (or `anywhere`), all
 * different and different from `except`. Nothing holds them afterwards: whoever listens first has them.
 */
export async function freePorts<Name extends string>(
  preferred: Readonly<Record<Name, number>>,
  { except = [], anywhere = false }: { except?: readonly number[]; anywhere?: boolean } = {},
): Promise<Record<Name, number>> {
  const ports = {} as Record<Name, number>;
  const held: Server[] = [];
  try {
    for (const name of Object.keys(preferred) as Name[]) {
      const { server, port } = await holdFreePort({ first: anywhere ? anyPort() : preferred[name], except });
      held.push(server);
      ports[name] = port;
    }
  } finally {
    await Promise.all(held.map(close));
  }
  return ports;
}

/** Listens on a port until the process ends, and ends each connection at once. @returns whether it could be had */
export async function holdPort({ host, port }: { host: string; port: number }): Promise<boolean> {
  const server = await listen({ host, port });
  if (typeof server === 'string') return false;
  server.on('connection', (socket) => socket.destroy());
  server.unref();
  return true;
}

/** @returns undefined when the port is free, else why it can't be had: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
export async function whyNotFree({
  host,
  port,
}: {
  host: string;
  port: number;
}): Promise<string | undefined> {
  const server = await listen({ host, port });
  if (typeof server === 'string') return server;
  await close(server);
  return undefined;
}

async function holdFreePort({
  first,
  except,
}: {
  first: number;
  except: readonly number[];
}): Promise<{ server: Server; port: number }> {
  for (let port = first; ; port = anyPort()) {
    if (except.includes(port)) continue;
    const server = await listen({ host: '127.0.0.1', port });
    if (typeof server !== 'string') return { server, port };
  }
}

function anyPort(): number {
  return FALLBACK.first + Math.floor(Math.random() * FALLBACK.count);
}

function listen({ host, port }: { host: string; port: number }): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
