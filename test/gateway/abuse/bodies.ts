/** Bodies that are not quite JSON, or JSON that is not quite a question. */
import type { Dice } from './dice.ts';
import type { Shot } from './shot.ts';
import { asPost, JSON_TYPE, QUESTIONS, type Family } from './world.ts';

/** In the place of any member. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  '',
  ' ',
  'x'.repeat(5_000),
  [],
  {},
  [[[[1]]]],
  { a: { b: { c: null } } },
  Array.from({ length: 2_000 }, () => 0),
];

const asBody = (body: string | Buffer): Shot => ({ path: '/graphql', headers: [JSON_TYPE], body });

/** Bytes that were changed, cut out, put in. */
const damagedBodies: Family = (dice) => {
  const bytes = Buffer.from(JSON.stringify(dice.pick(QUESTIONS)));
  const at = dice.below(bytes.length);
  switch (dice.below(6)) {
    case 0:
      return asBody(bytes.subarray(0, at));
    case 1:
      for (let flips = 1 + dice.below(5); flips > 0; flips -= 1)
        bytes[dice.below(bytes.length)]! ^= 1 << dice.below(8);
      return asBody(bytes);
    case 2:
      return asBody(
        Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(40)), bytes.subarray(at)]),
      );
    case 3:
      return asBody(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(20))]));
    case 4:
      return asBody(dice.bytes(dice.below(2_000)));
    default:
      return asBody(Buffer.concat([bytes, bytes.subarray(at)]));
  }
};

/** What JSON says of numbers, names and nesting is looser than what a program likes. */
const strangeJson: Family = (dice) => {
  const query = '"query":"query Q($p: Float!) { percentile(p: $p) { value } }"';
  const deep = 1 + dice.below(40_000);
  return asBody(
    dice.pick([
      () => `{${query},${query},"variables":{"p":0.5}}`,
      () => `{${query},"query":7}`,
      () => `{"__proto__":{"query":"{ p90 { trips } }"},"variables":{}}`,
      () => `{${query},"variables":{"__proto__":{"p":0.5},"constructor":{"prototype":{"p":1}}}}`,
      () => `{${query},"constructor":{"prototype":{}},"toString":1}`,
      () => `{${query},"variables":{"p":${'9'.repeat(1 + dice.below(5_000))}}}`,
      () => `{${query},"variables":{"p":1e${dice.below(1_000) - 500}}}`,
      () => `{${query},"variables":{"p":0.${'9'.repeat(dice.below(400))}}}`,
      () =>
        `{${query},"variables":{"p":${dice.pick(['NaN', 'Infinity', '-0', '0x1', '1_0', '.5', '5.', '+1', "'1'"])}}}`,
      () => `{${query},"variables":${'{"p":'.repeat(deep)}1${'}'.repeat(deep)}}`,
      () => '['.repeat(deep),
      () => `${'['.repeat(deep)}${']'.repeat(deep)}`,
      () => `{"query":"${'\\u0000'.repeat(dice.below(500))}{ p90 { trips } }"}`,
      () => `{"query":"{ p90 { trips } } \\ud800"}`,
      () => `\ufeff{${query},"variables":{"p":0.5}}`,
      () => `{${query}} {${query}}`,
      () => `/* */{${query}}`,
      () => `${' '.repeat(dice.below(100_000))}{${query},"variables":{"p":0.5}}`,
      () => JSON.stringify(dice.text(dice.below(300))),
      () => String(dice.pick([null, 0, true, '""', '', 'undefined'])),
    ])(),
  );
};

/** One member of a question is of another type, is missing, or has company. */
const wrongTypes: Family = (dice) => {
  const question: Record<string, unknown> = { ...dice.pick(QUESTIONS) };
  const name = dice.pick([
    'query',
    'operationName',
    'variables',
    'extensions',
    'other',
    'persistedQuery',
    '__proto__',
  ]);
  const value = dice.pick(VALUES);
  if (name === 'extensions' && dice.once(2))
    question[name] = {
      persistedQuery: dice.once(2) ? value : { version: value, sha256Hash: dice.pick(VALUES) },
    };
  else Object.defineProperty(question, name, { value, enumerable: true });
  if (dice.once(8)) delete question['query'];
  return asPost(question);
};

const batches: Family = (dice) => {
  const operations = Array.from({ length: dice.below(dice.once(10) ? 1_500 : 20) }, () =>
    dice.pick(QUESTIONS),
  );
  return asPost(dice.once(3) ? { operations, map: {}, 0: 'file' } : operations);
};

/** Which operation of several is meant? */
const operationNames: Family = (dice) => {
  const names = ['A', 'B', 'constructor', '__proto__', 'toString', 'p90'];
  const some = Array.from({ length: 1 + dice.below(4) }, () => dice.pick(names));
  const kinds = ['query', 'query', 'mutation', 'subscription'];
  const bodies: Record<string, string> = {
    query: '{ p90 { trips } }',
    mutation: '{ resume { accepted } }',
    subscription: '{ p90Changed { trips } }',
  };
  const query = some
    .map((name) => {
      const kind = dice.pick(kinds);
      return `${kind} ${name} ${bodies[kind]}`;
    })
    .join('\n');
  const operationName = dice.pick([...names, '', ' ', undefined, null, dice.text(20), 'x'.repeat(20_000)]);
  const accept = dice.once(4) ? ([['accept', 'text/event-stream']] as const) : [];
  const shot: Shot = dice.once(3)
    ? {
        path: `/graphql?${new URLSearchParams({ query, operationName: operationName ?? '' })}`,
        headers: accept,
      }
    : asPost({ query, operationName }, accept);
  return { ...shot, ...(accept.length > 0 ? { leaveAfter: 500 } : {}) };
};

/** Encodings, types and lengths that are not what they say. */
const mislabelledBodies: Family = (dice) => {
  const body = JSON.stringify(dice.pick(QUESTIONS));
  const type = dice.pick([
    'application/json; charset=utf-16',
    'application/json; charset="',
    'application/graphql',
    'application/graphql-response+json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json, text/plain',
    'APPLICATION/JSON',
    '',
    dice.text(40).replaceAll(/[^\x20-\x7e]/g, ''),
  ]);
  const headers: [string, string][] = [['content-type', type]];
  if (dice.once(2))
    headers.push(['content-encoding', dice.pick(['gzip', 'br', 'deflate', 'gzip, gzip', 'x'])]);
  return { path: dice.pick(['/graphql', '/api/arrivals', '/api/p90', '/']), headers, body };
};

export const BODY_FAMILIES = {
  damagedBodies,
  strangeJson,
  wrongTypes,
  batches,
  operationNames,
  mislabelledBodies,
} satisfies Record<string, Family>;

/** For those that put questions together of pieces. */
export const repeated = (count: number, piece: (index: number) => string, joint = ' '): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join(joint);

export const someSize = (dice: Dice, largest: number): number =>
  Math.ceil(largest ** ((1 + dice.below(1_000)) / 1_000));
