import { expect, it } from 'vitest';
import { ReplyGuard, NonsenseError } from './reply-guard.ts';
import { FrameReader, NoRespError } from './resp-frames.ts';

const command = (...words: string[]): Buffer =>
  Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`);

it('sees the same frames in whatever pieces they come', () => {
  const bytes = Buffer.from(
    '+OK\r\n-ERR no\r\n:-12\r\n$-1\r\n$0\r\n\r\n$7\r\nab\r\ncd*\r\n*-1\r\n*0\r\n*3\r\n$7\r\nMESSAGE\r\n$2\r\n\r\n\r\n:7\r\n*2\r\n$-1\r\n$1\r\n*\r\n',
  );
  const whole = new FrameReader().read(bytes);
  expect(whole.map(({ shape }) => shape)).toEqual([
    ...['+', '-', ':', '_', '$', '$', '_', '*', '*$$:', '*_$'],
  ]);
  expect(whole[8]?.name).toBe('message');
  for (let size = 1; size < 12; size += 1) {
    const reader = new FrameReader();
    const frames = [];
    for (let at = 0; at < bytes.length; at += size)
      frames.push(...reader.read(bytes.subarray(at, at + size)));
    expect(frames).toEqual(whole);
  }
});

it.each([
  ['HTTP/1.1 400 Bad Request\r\n', /"HTTP/],
  ['%1\r\n', /"%1"/],
  [':ten\r\n', /":ten"/],
  ['$-2\r\n', /"\$-2"/],
  ['*1\r\n*1\r\n', /an array within an array/],
  ['$3\r\nabcd\r\n', /goes on after its end/],
  ['+OK\n', /does not end as lines do/],
  [`$${(8 << 20) + 1}\r\n`, /a string of 8388609 bytes/],
  ['*1001\r\n', /an array of 1001 elements/],
  [`+${'a'.repeat(70_000)}`, /a line of more than 65536 bytes/],
])('does not take %j', (text, message) => {
  expect(() => new FrameReader().read(Buffer.from(text))).toThrow(NoRespError);
  expect(() => new FrameReader().read(Buffer.from(text))).toThrow(message);
});

it('holds a frame of many strings to its bound', () => {
  const reader = new FrameReader();
  reader.read(Buffer.from('*4\r\n'));
  const megabytes = Buffer.alloc(6 << 20);
  const one = [Buffer.from(`$${megabytes.length}\r\n`), megabytes, Buffer.from('\r\n')];
  reader.read(Buffer.concat([...one, ...one]));
  expect(() => reader.read(Buffer.concat(one))).toThrow(/more than 16777216 bytes at once/);
});

it.each([
  ['PING', '+PONG\r\n', true],
  ['PING', '-NOAUTH no\r\n', true],
  ['PING', ':1\r\n', false],
  ['GET a', '$-1\r\n', true],
  ['GET a', '+OK\r\n', false],
  ['MGET a b', '*2\r\n$-1\r\n$1\r\na\r\n', true],
  ['MGET a b', '*1\r\n$-1\r\n', false],
  ['MGET a b', '*2\r\n$-1\r\n:1\r\n', false],
  ['SET a b', '+OK\r\n', true],
  ['SET a b PX 1 NX', '$-1\r\n', true],
  ['SET a b', '$2\r\nOK\r\n', false],
  ['EVALSHA x 0', '*2\r\n:1\r\n:2\r\n', true],
  ['EVALSHA x 0', '*2\r\n:1\r\n$-1\r\n', false],
  ['SUBSCRIBE a', '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n', true],
  ['SUBSCRIBE a', '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n:1\r\n', false],
  ['SUBSCRIBE a', '+OK\r\n', false],
  // No command of ours: whatever comes, as long as something was asked.
  ['DBSIZE', ':1\r\n', true],
])('to %s, %j is an answer: %s', (sent, reply, isAnswer) => {
  const guard = new ReplyGuard();
  guard.sent(command(...sent.split(' ')));
  const receive = (): void => guard.received(Buffer.from(reply));
  if (isAnswer) expect(receive).not.toThrow();
  else expect(receive).toThrow(NonsenseError);
});

it('takes answers in their order, and none to nothing', () => {
  const guard = new ReplyGuard();
  guard.sent(Buffer.concat([command('GET', 'a'), command('PING')]));
  guard.received(Buffer.from('$1\r\na\r\n+PONG\r\n'));
  expect(() => guard.received(Buffer.from('+PONG\r\n'))).toThrow('an answer (+) to nothing that was asked');
});

it('takes messages of who has subscribed alone', () => {
  const message = Buffer.from('*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n7\r\n');
  const guard = new ReplyGuard();
  expect(() => guard.received(message)).toThrow(NonsenseError);
  const listening = new ReplyGuard();
  listening.sent(command('SUBSCRIBE', 'a'));
  listening.received(Buffer.from('*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n'));
  listening.received(Buffer.concat([message, message]));
  expect(() => listening.received(Buffer.from('*3\r\n$7\r\nmessage\r\n$-1\r\n$-1\r\n'))).toThrow(
    NonsenseError,
  );
});

it('gives up a reply that drips', () => {
  let now = 0;
  const guard = new ReplyGuard(() => now);
  guard.sent(command('GET', 'a'));
  guard.received(Buffer.from('$100\r\n'));
  now = 5_000;
  guard.received(Buffer.from('a'));
  now = 5_001;
  expect(() => guard.received(Buffer.from('a'))).toThrow('GET was not answered within 5000 ms');
});
