/** Documents that are small to send and large to answer; and hashes of documents. */
import { createHash } from 'node:crypto';
import { repeated, someSize } from './bodies.ts';
import type { Dice } from './dice.ts';
import { asGet, asPost, QUESTIONS, type Family } from './world.ts';

const BOMBS: Readonly<Record<string, (dice: Dice) => string>> = {
  aliases: (dice) => `{ ${repeated(someSize(dice, 4_000), (index) => `a${index}: p90 { trips }`)} }`,
  repeats: (dice) => `{ p90 { ${repeated(someSize(dice, 10_000), () => 'trips')} } }`,
  series: (dice) =>
    `{ ${repeated(1 + dice.below(60), (index) => `a${index}: p90Series(bucket: ${dice.pick(['HOUR', 'DAY', 'YEAR'])}, p: 0.${index + 1}) { points { value complete } }`)} }`,
  cycle: (dice) => {
    const length = someSize(dice, 300);
    return `{ ...F0 } ${repeated(length, (index) => `fragment F${index} on Query { p90 { trips } ...F${(index + 1) % length} }`)}`;
  },
  doubling: (dice) => {
    const levels = someSize(dice, 200);
    return `{ ...F0 } ${repeated(levels, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F${levels} on Query { p90 { trips } }`;
  },
  spreads: (dice) =>
    `{ ${repeated(someSize(dice, 5_000), () => '...F')} } fragment F on Query { p90 { trips } }`,
  directives: (dice) =>
    `{ p90 ${repeated(someSize(dice, 3_000), () => dice.pick(['@include(if: true)', '@skip(if: false)', '@a', '@cached', '@oneOf']))} { trips } }`,
  inline: (dice) => {
    const depth = someSize(dice, 6_000);
    return `{ ${repeated(depth, () => '... {')} p90 { trips } ${repeated(depth, () => '}')} }`;
  },
  deep: (dice) => {
    const depth = someSize(dice, 6_000);
    return `{ ${repeated(depth, () => 'p90 {')} trips ${repeated(depth, () => '}')} }`;
  },
  introspection: (dice) => {
    const depth = someSize(dice, 400);
    return `{ __schema { types { ${repeated(depth, () => dice.pick(['fields { type {', 'fields { args {']))} name ${repeated(depth, () => '} }')} } } }`;
  },
  ofTypes: (dice) => {
    const depth = someSize(dice, 1_500);
    return `{ __type(name: "Query") { ${repeated(depth, () => 'ofType {')} name ${repeated(depth, () => '}')} } }`;
  },
  longLists: (dice) => `{ distribution(bins: [${repeated(someSize(dice, 8_000), String)}]) { trips } }`,
  deepLists: (dice) => {
    const depth = someSize(dice, 15_000);
    return `{ distribution(bins: ${'['.repeat(depth)}1${']'.repeat(depth)}) { trips } }`;
  },
  deepObjects: (dice) => {
    const depth = someSize(dice, 6_000);
    return `{ p90(pickup: ${'{ from: '.repeat(depth)}1${' }'.repeat(depth)}) { trips } }`;
  },
  deepTypes: (dice) => {
    const depth = someSize(dice, 12_000);
    return `query ($v: ${'['.repeat(depth)}Float${']'.repeat(depth)}) { distribution(bins: $v) { trips } }`;
  },
  operations: (dice) => repeated(someSize(dice, 10_000), (index) => `query Q${index} { p90 { trips } }`),
  variables: (dice) =>
    `query (${repeated(someSize(dice, 3_000), (index) => `$v${index}: Int = ${index}`)}) { files(first: $v0) { totalCount } }`,
  strings: (dice) => `{ files(after: "${'é'.repeat(someSize(dice, 40_000))}") { totalCount } }`,
  blocks: (dice) =>
    `{ files(after: """${dice.text(someSize(dice, 10_000)).replaceAll('"', '')}""") { totalCount } }`,
  blockLines: (dice) => `{ files(after: """${'\n '.repeat(someSize(dice, 14_000))}""") { totalCount } }`,
  comments: (dice) => `${'#\n'.repeat(someSize(dice, 40_000))}{ p90 { trips } }`,
  names: (dice) => `query ${'Q'.repeat(someSize(dice, 30_000))} { p90 { trips } }`,
  fields: (dice) => `{ ${repeated(someSize(dice, 2_500), (index) => `no${index}`)} }`,
  unclosed: (dice) =>
    repeated(someSize(dice, 2_000), () => dice.pick(['{', '(', '[', '"', '"""', '...', '@', '$', '!', '\\'])),
  noise: (dice) => dice.text(someSize(dice, 3_000)),
  schema: (dice) =>
    dice.pick([
      'type Query { a: Int }',
      'extend type Query { a: Int }',
      'directive @a on FIELD',
      'schema { query: Query }',
      'fragment F on Query { p90 { trips } }',
      '',
    ]),
  conflicts: (dice) => {
    const size = someSize(dice, 400);
    return `{ ${repeated(size, (index) => `p90 { x: ${index % 2 === 0 ? 'trips' : 'value'} }`)} }`;
  },
  impossible: (dice) =>
    dice.pick([
      '{ distribution(bins: [1e400]) { bins { from to } } }',
      '{ distribution(bins: [-1e400, 1e400]) { bins { from to } } }',
      '{ percentile(p: 1e400) { p } }',
      '{ percentile(p: -1e-400) { p } }',
      '{ p90(filter: { tripDistance: { min: 1e400 } }) { trips } }',
      '{ p90(filter: { fareAmount: { min: -1e400, max: 1e400 } }) { trips } }',
      '{ p90(asOf: 99999999999999999999) { trips } }',
      '{ p90(asOf: -1) { trips } }',
      '{ tripsOverP90(first: 2147483648) { totalCount } }',
      '{ p90(filter: { vendorId: [2147483647, -2147483648] }) { trips } }',
      '{ p90(filter: { vendorId: [] }) { trips } }',
    ]),
};

const bombs: Family = (dice) => {
  const query = BOMBS[dice.pick(Object.keys(BOMBS))]!(dice);
  return dice.once(4) && query.length < 8_000 ? asGet({ query }) : asPost({ query });
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Apollo's protocol, without its good faith. */
const persisted: Family = (dice) => {
  const ask = (hash: unknown, rest: object = {}) =>
    asPost({ ...rest, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });
  const query = `query Q${dice.below(1e9)}($p: Float = 0.${1 + dice.below(1e6)}) { percentile(p: $p) { trips } } # ${dice.once(20) ? 'x'.repeat(30_000) : ''}`;
  return dice.pick([
    () => ask(dice.bytes(32).toString('hex')),
    () => ask(dice.bytes(32).toString('hex'), { query }),
    () => ask(sha256(query), { query }),
    () => ask(sha256(query), { query }),
    () => ask(sha256(query).toUpperCase(), { query, variables: { p: dice.pick([0.5, '1', null, [1], {}]) } }),
    () => ask(sha256(QUESTIONS[2]!.query), { variables: { p: dice.below(1e6) / 1e6 } }),
    () => ask(sha256(QUESTIONS[2]!.query), { query, variables: {} }),
    () =>
      ask(
        dice.pick([
          '',
          '*',
          '../../etc/passwd',
          `${'a'.repeat(64)}\r\nSET x 1`,
          'tripline:answer:*',
          '__proto__',
          'a'.repeat(60_000),
          '0'.repeat(64),
          7,
          null,
          {},
        ]),
      ),
    () => ask(sha256('{ nothing }'), { query: '{ nothing }' }),
    () =>
      asGet({
        extensions: JSON.stringify({
          persistedQuery: { version: dice.pick([0, 1, 2, '1']), sha256Hash: dice.bytes(32).toString('hex') },
        }),
      }),
  ])();
};

export const DOCUMENT_FAMILIES = { bombs, persisted } satisfies Record<string, Family>;
