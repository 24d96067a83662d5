/** Servers that are no Redis, or one that has gone mad, each with a habit of its own. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { FrameReader } from '../../config/resp-frames.ts';

export interface Conversation {
  socket: Socket;
  say: (text: string | Buffer) => void;
  /** Says it again and again, for as long as the other side takes it. */
  sayForEver: (text: string | Buffer, everyMs?: number) => void;
}

export interface Habit {
  /** When somebody connects; nothing by default. */
  begin?: (with_: Conversation) => void;
  /** To a command, by its name; as Redis does by default. */
  reply?: (name: string, with_: Conversation) => void;
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const array = (...elements: string[]): string => `*${elements.length}\r\n${elements.join('')}`;
const NULL = '$-1\r\n';
const SUBSCRIBED = array(bulk('subscribe'), bulk('tripline:publications'), ':1\r\n');

/** What a Redis answers that holds nothing. */
const REPLIES: Record<string, string> = {
  ping: '+PONG\r\n',
  info: bulk('# Server\r\nredis_version:7.0.0\r\nloading:0\r\n'),
  get: NULL,
  mget: array(NULL, NULL),
  set: '+OK\r\n',
  eval: ':1\r\n',
  evalsha: ':1\r\n',
  publish: ':0\r\n',
  subscribe: SUBSCRIBED,
};
const replyTo = (name: string): string => REPLIES[name] ?? '-ERR unknown command\r\n';

const always = (text: string | Buffer): Habit => ({ reply: (_, { say }) => say(text) });
/** Like Redis but for these. */
const but = (replies: Record<string, string | Buffer>): Habit => ({
  reply: (name, { say }) => say(replies[name] ?? replyTo(name)),
});
const data = (text: string | Buffer): Habit =>
  but(Object.fromEntries(['get', 'mget', 'set', 'eval', 'evalsha'].map((name) => [name, text])));
const PAGE = '<!doctype html><html><body>It works!</body></html>';
const HTTP = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`;
const message = (...parts: string[]): string => array(bulk('message'), ...parts);

export const HABITS: Record<string, Habit> = {
  'a web server': always(HTTP),
  'a web server that speaks first': { begin: ({ say }) => say(HTTP) },
  'a mail server': { begin: ({ say }) => say('220 mail.example ESMTP\r\n') },
  'a server of TLS': always(Buffer.from([21, 3, 3, 0, 2, 2, 10])),
  'bytes of nothing': always(Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 73) % 256))),
  'hangs up': { begin: ({ socket }) => void socket.end() },
  resets: { begin: ({ socket }) => void socket.resetAndDestroy() },
  'resets when asked': { reply: (_, { socket }) => void socket.resetAndDestroy() },
  'is silent': { reply: () => undefined },
  'wants a password': always('-NOAUTH Authentication required.\r\n'),
  'says OK to everything': always('+OK\r\n'),
  'says 1 to everything': always(':1\r\n'),
  'says nothing is there to everything': always(NULL),
  'gives the array that is not there': always('*-1\r\n'),
  'gives an empty array': always('*0\r\n'),
  'gives an empty status': always('+\r\n'),
  'refuses everything': always('-ERR no\r\n'),
  'has no script, ever': but({ eval: '-NOSCRIPT no\r\n', evalsha: '-NOSCRIPT no\r\n' }),
  'is loading, for ever': but({ info: bulk('loading:1\r\nloading_eta_seconds:1\r\n') }),
  'is loading, for each command': data('-LOADING Redis is loading the dataset in memory\r\n'),
  'has moved': data('-MOVED 3999 127.0.0.1:1\r\n'),
  'gives numbers': data(':7\r\n'),
  'gives strings': data(bulk('seven')),
  'gives arrays': data(array(bulk('seven'), bulk('eight'))),
  'gives one of two': data(array(bulk('seven'))),
  'gives three of two': data(array(NULL, NULL, NULL)),
  'gives arrays within arrays': data(array(array(bulk('seven')), NULL)),
  'gives errors within arrays': data(array('-ERR no\r\n', NULL)),
  'gives a third kind of null': data('_\r\n'),
  'gives a map': but({ info: '%1\r\n+a\r\n:1\r\n' }),
  'gives booleans and doubles': data('#t\r\n,1.5\r\n'),
  pushes: { begin: ({ say }) => say(`>2\r\n${bulk('message')}${NULL}`) },
  'pushes nothing': { reply: (name, { say }) => say(`>1\r\n_\r\n${replyTo(name)}`) },
  'answers nobody': { begin: ({ say }) => say(NULL) },
  'answers twice': { reply: (name, { say }) => say(replyTo(name).repeat(2)) },
  'adds nothing to each answer': { reply: (name, { say }) => say(`${replyTo(name)}${NULL}`) },
  'answers the last first': {
    reply(name, { socket, say }) {
      const waiting = socket as Socket & { waiting?: string[] };
      waiting.waiting ??= [];
      waiting.waiting.unshift(replyTo(name));
      if (['info', 'ping', 'subscribe'].includes(name) || waiting.waiting.length > 1)
        for (const text of waiting.waiting.splice(0)) say(text);
    },
  },
  'announces a gigabyte': data(`$${2 ** 30}\r\nabc`),
  'sends a gigabyte': {
    reply: (_, { say, sayForEver }) => (say(`$${2 ** 30}\r\n`), sayForEver('a'.repeat(65_536))),
  },
  'sends strings without end': { reply: (_, { sayForEver }) => sayForEver(bulk('a'.repeat(60_000))) },
  'announces a thousand million elements': data('*1000000000\r\n'),
  'announces a million elements, and sends them': {
    reply: (_, { say, sayForEver }) => (say('*1000000\r\n'), sayForEver(NULL.repeat(5_000))),
  },
  'nests without end': always('*1\r\n'.repeat(100_000)),
  'sends a line without end': {
    reply: (_, { say, sayForEver }) => (say('+'), sayForEver('a'.repeat(65_536))),
  },
  'stops half-way': data('*2\r\n$100\r\nabc'),
  'stops half-way in a number': data(':1'),
  drips: { reply: (_, { say, sayForEver }) => (say('$1000000\r\n'), sayForEver('a', 20)) },
  'says more than it said it would': data(array('$3\r\nabcdef\r\n', NULL)),
  'says less than it said it would': data(array('$9\r\nabc\r\n', NULL)),
  'has negative lengths': data('$-7\r\n'),
  'has lengths that are no numbers': data('$NaN\r\n'),
  'has numbers that are none': but({ eval: ':ten\r\n', evalsha: ':ten\r\n' }),
  'ends lines in its own way': always('+OK\n'),
  'holds answers of somebody else': but({ mget: array(bulk('{"format":1}\nplanted'), NULL) }),
  'holds locks of somebody else': but({ mget: array(NULL, bulk('planted')) }),
  'never gives a lock': but({ set: NULL }),
  'has spent more than was asked': but({
    evalsha: '*2\r\n:-5\r\n:60000\r\n',
    eval: '*2\r\n:-5\r\n:60000\r\n',
  }),
  'has accounts without end': but({
    eval: '*2\r\n:9223372036854775807\r\n:1\r\n',
    evalsha: '*2\r\n:9223372036854775807\r\n:1\r\n',
  }),
  'has minutes of a year': but({
    eval: '*2\r\n:2000000\r\n:31536000000\r\n',
    evalsha: '*2\r\n:2000000\r\n:31536000000\r\n',
  }),
  'gives another document': but({ get: bulk('query Planted { p90 { value } }') }),
  'gives a document of seven megabytes': but({ get: bulk('#'.repeat(7 << 20)) }),
  'refuses to tell': but({ subscribe: '-ERR no\r\n' }),
  'does not say to what one listens': but({ subscribe: array(bulk('subscribe'), NULL, ':1\r\n') }),
  'says 1 to who listens': but({ subscribe: ':1\r\n' }),
  'says nothing to who listens': but({ subscribe: NULL }),
  'tells before it is asked': { begin: ({ say }) => say(message(bulk('tripline:publications'), bulk('7'))) },
  'tells nothing': but({ subscribe: SUBSCRIBED + message(NULL, NULL) }),
  'tells too little': but({ subscribe: SUBSCRIBED + message() }),
  'tells lies': but({ subscribe: SUBSCRIBED + message(bulk('tripline:publications'), bulk('999999999')) }),
  'tells lies without end': {
    reply: (name, { say, sayForEver }) =>
      name === 'subscribe'
        ? (say(SUBSCRIBED),
          sayForEver(message(bulk('tripline:publications'), bulk('999999999')).repeat(20), 2))
        : say(replyTo(name)),
  },
  'tells to unsubscribe': but({ subscribe: SUBSCRIBED + array(bulk('unsubscribe'), NULL, ':0\r\n') }),
};

export interface NonsenseRedis {
  url: string;
  /** Connections and commands so far. */
  acts: () => number;
  close: () => Promise<void>;
}

/**
 * @param habitOf the habit of each connection, by its number from 0 on
 * @param lifeMs after which each connection is ended
 */
export async function startNonsenseRedis(
  habitOf: (connection: number) => Habit,
  { lifeMs }: { lifeMs?: number } = {},
): Promise<NonsenseRedis> {
  let connections = 0;
  let acts = 0;
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((socket) => {
    const habit = habitOf(connections);
    connections += 1;
    acts += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    const say = (text: string | Buffer): void => void (socket.writable && socket.write(text));
    const conversation: Conversation = {
      socket,
      say,
      sayForEver(text, everyMs = 1) {
        const timer = setInterval(() => {
          if (socket.destroyed) clearInterval(timer);
          else if (!socket.writableNeedDrain) say(text);
        }, everyMs);
        timers.add(timer);
      },
    };
    if (lifeMs !== undefined) timers.add(setTimeout(() => socket.destroy(), lifeMs));
    habit.begin?.(conversation);
    const commands = new FrameReader();
    socket.on('data', (bytes) => {
      for (const { name } of commands.read(bytes)) {
        acts += 1;
        if (habit.reply === undefined) say(replyTo(name));
        else habit.reply(name, conversation);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    acts: () => acts,
    async close() {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
