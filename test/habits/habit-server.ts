/** A server of files that all are `CONTENT`, each by the habit that its number names; its index is honest. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FILE_HABITS, type AskedForFile, type FileAnswer, type FileHabit } from './file-habits.ts';

export const HABITS: readonly [name: string, habit: FileHabit][] = Object.entries(FILE_HABITS);

/** A month for each habit. */
export const filenameOf = (index: number): string =>
  `yellow_tripdata_${2011 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}.parquet`;

export interface HabitServer {
  url: string;
  close: () => Promise<void>;
}

/** @param contentOf the bytes of the file of each habit */
export async function startHabitServer(contentOf: (index: number) => Buffer): Promise<HabitServer> {
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const filename = pathname.slice(1);
    if (filename === '') {
      const links = HABITS.map((_, index) => `<a href="${filenameOf(index)}">${filenameOf(index)}</a>`);
      return void response.setHeader('content-type', 'text/html').end(links.join('\n'));
    }
    const index = HABITS.findIndex((_, each) => filenameOf(each) === filename);
    const habit = HABITS[index]?.[1];
    if (habit === undefined) return void response.writeHead(404).end();
    const before = times.get(filename) ?? 0;
    times.set(filename, before + 1);
    const { range, 'if-match': ifMatch } = request.headers;
    const isHead = request.method === 'HEAD';
    const asked: AskedForFile = { isHead, range, ifMatch, times: before, query: search, filename };
    const { honest, whole } = honestAnswer(contentOf(index), asked);
    const answer = habit.act(honest, asked, whole);
    for (const [name, value] of Object.entries(answer.headers))
      if (value !== undefined) response.setHeader(name, value);
    response.statusCode = answer.status;
    if (isHead) return void response.end();
    // Node says the length of what it is given at once.
    if (answer.chunked === true) response.flushHeaders();
    if (answer.cutAfter === undefined || answer.body.length <= answer.cutAfter)
      return void response.end(answer.body);
    response.write(answer.body.subarray(0, answer.cutAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function honestAnswer(content: Buffer, asked: AskedForFile): { honest: FileAnswer; whole: FileAnswer } {
  const etag = `"${createHash('md5').update(content).digest('hex')}"`;
  const headers = {
    etag,
    'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
    'accept-ranges': 'bytes',
    'content-length': String(content.length),
  };
  const whole: FileAnswer = { status: 200, headers, body: content };
  if (asked.ifMatch !== undefined && asked.ifMatch !== etag)
    return { honest: { status: 412, headers: { 'content-length': '0' }, body: Buffer.alloc(0) }, whole };
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(asked.range ?? '') ?? [];
  if (from === undefined || to === undefined || asked.isHead) return { honest: whole, whole };
  const body = content.subarray(Number(from), Number(to) + 1);
  const honest = {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${from}-${Number(from) + body.length - 1}/${content.length}`,
      'content-length': String(body.length),
    },
    body,
  };
  return { honest, whole };
}
