/** Servers that are no Temporal, where Temporal should be: it is said, in time, and nothing ends. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { connectIngestion } from '../../gateway/ingestion.ts';

const PAGE = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhtml';
/** An empty frame of settings, as HTTP/2 begins. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const endless = (socket: Socket, bytes: Buffer): void => {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (!socket.writableNeedDrain) socket.write(bytes);
  }, 1);
};

const SERVERS: Record<string, (socket: Socket) => void> = {
  'is a web server': (socket) => void socket.once('data', () => socket.end(PAGE)),
  'is silent': () => undefined,
  'hangs up': (socket) => void socket.end(),
  resets: (socket) => void socket.resetAndDestroy(),
  'resets when asked': (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  'sends without end': (socket) => endless(socket, Buffer.alloc(65_536, 'a')),
  'begins as it should, and sends without end': (socket) => {
    socket.write(SETTINGS);
    endless(socket, Buffer.alloc(65_536, 'a'));
  },
  'begins as it should, and is silent': (socket) => void socket.write(SETTINGS),
  'settles without end': (socket) => endless(socket, Buffer.concat(Array(1_000).fill(SETTINGS))),
};

async function askAt(serve: (socket: Socket) => void): Promise<unknown[]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ingestion = connectIngestion({
    temporal: {
      address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      namespace: 'default',
      tls: undefined,
      apiKey: undefined,
    },
    onNews: () => undefined,
    logger: pino({ level: 'silent' }),
  });
  try {
    return await Promise.all([
      ingestion.watcher('yellow'),
      ingestion.progress('yellow', 'a.parquet'),
      ingestion.origin('host'),
      ingestion.control.pause('yellow').catch((error: unknown) => error),
    ]);
  } finally {
    await ingestion.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

// Each waits for some seconds, so all are asked at once.
it('ingestion is unknown, and steering is for later, whatever is there', async () => {
  const told = await Promise.all(
    Object.entries(SERVERS).map(async ([name, serve]) => [name, await askAt(serve)]),
  );
  for (const [name, answers] of told)
    expect([name, answers]).toEqual([
      name,
      [
        {
          status: null,
          problem: 'Temporal or the watcher does not answer: ingestion may stand still.',
        },
        null,
        null,
        expect.objectContaining({
          message: expect.stringMatching(/Temporal does not answer/) as string,
          extensions: { code: 'SERVICE_UNAVAILABLE' },
        }),
      ],
    ]);
});
