import { readFileSync } from 'node:fs';
import { buildSchema, getIntrospectionQuery, GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { localDateTimeScalar } from '../scalars/local-date-time.ts';
import { checkDocument, DOCUMENT_LIMITS, parseLimited } from './document-limits.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
Object.assign(schema.getType('LocalDateTime') as object, {
  parseLiteral: localDateTimeScalar.parseLiteral,
});
const FULL_INTROSPECTION = getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
});

/** What is said of a document: code and message of each error. */
function said(text: string, { introspection = true } = {}): string[] {
  let errors: readonly GraphQLError[];
  try {
    errors = checkDocument(schema, parseLimited(text), { introspection });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    errors = [error];
  }
  return errors.map(({ message, extensions }) => `${String(extensions['code'])}: ${message}`);
}
const refusal = (text: string): unknown => {
  try {
    return checkDocument(schema, parseLimited(text), { introspection: true })[0]?.extensions;
  } catch (error) {
    return (error as GraphQLError).extensions;
  }
};
const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

describe('what people ask is allowed', () => {
  it.each([
    ['the introspection of GraphiQL', FULL_INTROSPECTION],
    [
      'a dashboard of 50 numbers',
      `{ ${times(50, (day) => `d${day}: p90(pickup: { from: "2024-01-01", to: "2024-02-01" }) { value trips tripsOver dataVersion certificate { below equal above rank } } `)} }`,
    ],
    [
      'everything that a file has',
      `query Files($after: String) { files(first: 50, after: $after) { nodes { ...file } pageInfo { hasNextPage endCursor } } }
       fragment file on File { filename stage drift { kind column } live { trips proof { keptInExtra { column trips } } } }`,
    ],
    [
      'fragments of many components on one field',
      `{ source { ${times(20, (index) => `...c${index}`)} } } ${times(20, (index) => `fragment c${index} on Source { name url }`)}`,
    ],
  ])('%s', (_, text) => {
    expect(said(text)).toEqual([]);
  });
});

describe('what is too much is said, and by how much', () => {
  it.each([
    [
      `{ p90 { trips } } # ${'x'.repeat(32_768)}`,
      'The document has 32788 characters, and 32768 are allowed.',
    ],
    [
      `{ ${times(600, (index) => `a${index}: p90 { trips }`)} }`,
      'The document has 3602 tokens, and 2000 are allowed.',
    ],
    [
      `{ __type(name: "Query") { ${'ofType { '.repeat(20)} name ${'}'.repeat(20)} } }`,
      'The document is 22 levels deep, and 16 are allowed.',
    ],
    ['{ __schema { types { ofType { ' + 'ofType { '.repeat(12) + 'name }}}}' + '}'.repeat(12), undefined],
    [
      '{ __schema { types { ofType { ' + 'ofType { '.repeat(13) + 'name }}}}' + '}'.repeat(13),
      'The document is 17 levels deep, and 16 are allowed.',
    ],
    [
      `{ ${times(51, (index) => `a${index}: p90 { trips }`)} }`,
      'The document asks 51 questions at once, and 50 are allowed.',
    ],
    [
      `{ p90 { ${times(101, (index) => `a${index}: trips`)} } }`,
      'The document has 101 aliases, and 100 are allowed.',
    ],
    // An alias that is called __typename is one like others, and so is an alias of __typename.
    [
      `{ p90 { ${times(101, (index) => `a${index}: __typename`)} } }`,
      'The document has 101 aliases, and 100 are allowed.',
    ],
    [
      `query ${'@skip(if: true)'.repeat(51)} { p90 { trips } }`,
      'The document has 51 directives, and 50 are allowed.',
    ],
    [
      `{ source { ${times(26, () => 'origin { limit }')} } }`,
      'The document selects one field 26 times, and 25 times are allowed.',
    ],
    [
      `{ source { ${times(13, () => '... { origin { limit limit } }')} } }`,
      'The document selects one field 26 times, and 25 times are allowed.',
    ],
  ])('%#', (text, message) => {
    expect(said(text)).toEqual(message === undefined ? [] : [`LIMIT_EXCEEDED: ${message}`]);
  });

  it('in numbers too', () => {
    expect(refusal(`{ ${times(51, (index) => `a${index}: p90 { trips }`)} }`)).toEqual({
      code: 'LIMIT_EXCEEDED',
      what: 'rootFields',
      limit: 50,
      found: 51,
    });
    expect(refusal(`{ ${times(1_000, () => 'p90 ')} ${'{'.repeat(1_000)}`)).toMatchObject({
      what: 'tokens',
      limit: 2_000,
      found: 2_001,
    });
  });
});

describe('ways round the limits', () => {
  const chain = (length: number, own: string, spreads = 1): string =>
    `${times(length, (index) => `fragment f${index} on Query { ${own} ${`...f${index + 1} `.repeat(spreads)} }`)} fragment f${length} on Query { p90 { trips } }`;

  it('fragments count as often as they are spread', () => {
    expect(said(`{ ...f0 } ${chain(10, 'p90 { trips }')}`)).toEqual([]);
    expect(said(`{ ...f0 } ${chain(50, 'p90 { trips }')}`)).toEqual([
      'LIMIT_EXCEEDED: The document asks 51 questions at once, and 50 are allowed.',
    ]);
    expect(said(`{ ...f0 } ${chain(100, '', 2)}`)).toEqual([
      'LIMIT_EXCEEDED: The document asks more than a million questions at once, and 50 are allowed.',
    ]);
    const aliases = `fragment a on Percentile { ${times(30, (index) => `a${index}: trips`)} }`;
    expect(said(`{ one: p90 { ...a } two: p90 { ...a } three: p90 { ...a } } ${aliases}`)).toEqual([]);
    expect(said(`{ ${times(4, (index) => `p${index}: p90 { ...a }`)} } ${aliases}`)).toEqual([
      'LIMIT_EXCEEDED: The document has 124 aliases, and 100 are allowed.',
    ]);
  });

  it('depth goes through fragments', () => {
    const type = (length: number): string =>
      `${times(length, (index) => `fragment t${index} on __Type { ofType { ...t${index + 1} } }`)} fragment t${length} on __Type { name }`;
    expect(said(`{ __type(name: "A") { ...t0 } } ${type(14)}`)).toEqual([]);
    expect(said(`{ __type(name: "A") { ...t0 } } ${type(15)}`)).toEqual([
      'LIMIT_EXCEEDED: The document is 17 levels deep, and 16 are allowed.',
    ]);
  });

  it('every operation and every fragment is counted, also those that are not asked for', () => {
    const many = times(51, (index) => `a${index}: p90 { trips }`);
    expect(said(`query One { p90 { trips } } query Two { ${many} }`)).toEqual([
      'LIMIT_EXCEEDED: The document asks 51 questions at once, and 50 are allowed.',
    ]);
    expect(said(`{ p90 { trips } } fragment f on Source { ${times(26, () => 'name')} }`)).toEqual([
      'LIMIT_EXCEEDED: The document selects one field 26 times, and 25 times are allowed.',
    ]);
  });

  it('lists of introspection within lists of introspection are refused', () => {
    const deep = '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }';
    expect(said(deep)).toEqual(['GRAPHQL_VALIDATION_FAILED: Maximum introspection depth exceeded']);
  });

  it('fragments in circles, or that are nowhere, are mistakes', () => {
    expect(said('{ ...f } fragment f on Query { p90 { trips } ...f }')).toEqual([
      'GRAPHQL_VALIDATION_FAILED: Cannot spread fragment "f" within itself.',
    ]);
    expect(
      said(
        `{ ...f0 } ${times(100, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)}`,
      ),
    ).toEqual(Array.from({ length: 2 }, () => 'GRAPHQL_VALIDATION_FAILED: Unknown fragment "f100".'));
  });

  it('values that are nested further than the stack goes are refused', () => {
    const deepest = `{ distribution(bins: ${'['.repeat(990)}${']'.repeat(990)}) { trips } }`;
    expect(said(deepest)[0]).toMatch(/^(GRAPHQL_VALIDATION_FAILED|LIMIT_EXCEEDED): .{1,510}$/s);
  });
});

describe('mistakes', () => {
  it('are told, up to a number and a length', () => {
    expect(said('{ p90 { trips }')).toEqual([
      'GRAPHQL_PARSE_FAILED: Syntax Error: Expected Name, found <EOF>.',
    ]);
    expect(said('')).toEqual(['GRAPHQL_PARSE_FAILED: Syntax Error: Unexpected <EOF>.']);
    expect(said(`{ ${times(40, (index) => `unknown${index}`)} }`)).toHaveLength(21);
    expect(said(`{ ${'x'.repeat(10_000)} }`)[0]!.length).toBeLessThan(600);
  });

  it('of values are those of their scalars', () => {
    expect(said('{ p90(pickup: { from: "2024-02-30" }) { trips } }')).toEqual([
      'BAD_USER_INPUT: "2024-02-30" is no date of the calendar',
    ]);
  });

  it('say where they are', () => {
    const [error] = checkDocument(schema, parseLimited('{\n  nothing\n}'), { introspection: true });
    expect(error?.toJSON()).toEqual({
      message: 'Cannot query field "nothing" on type "Query".',
      locations: [{ line: 2, column: 3 }],
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });

  it('suggest nothing of a schema that is not shown', () => {
    expect(said('{ p9 { trips } }')[0]).toContain('Did you mean');
    for (const text of [
      '{ p9 { trips } }',
      '{ p90(pickups: {}) { trips } }',
      '{ p90Series(bucket: DAYS) { dataVersion } }',
      '{ p90(pickup: { form: "2024-01-01" }) { trips } }',
      'query ($range: PickupRanges) { p90(pickup: $range) { trips } }',
    ]) {
      expect(said(text, { introspection: false })[0]).toMatch(/^GRAPHQL_VALIDATION_FAILED/);
      expect(said(text, { introspection: false }).join()).not.toContain('Did you mean');
    }
  });

  it('introspection is one when it is switched off, and __typename is none', () => {
    expect(said(FULL_INTROSPECTION, { introspection: false })[0]).toMatch(
      /^GRAPHQL_VALIDATION_FAILED: GraphQL introspection has been disabled/,
    );
    expect(said('{ __type(name: "Query") { name } }', { introspection: false })).toHaveLength(1);
    expect(said('{ __typename p90 { __typename } }', { introspection: false })).toEqual([]);
  });
});

/** Each as large as its limits let it be. */
const BOMBS: Record<string, string> = {
  'one field again and again': `{ source { ${times(300, () => 'origin { host limit }')} } }`,
  'a field and a field of it': `{ ${times(18, (index) => `a${index}: p90 { ${times(25, () => 'certificate { below }')} }`)} }`,
  'a chain of fragments': `{ p90 { ...f0 } } ${times(240, (index) => `fragment f${index} on Percentile { ...f${index + 1} }`)} fragment f240 on Percentile { trips }`,
  'fragments in circles': `{ ${times(20, (index) => `...f${index}`)} } ${times(20, (index) => `fragment f${index} on Query { p90 { trips } ${times(20, (other) => `...f${other}`)} }`)}`,
  'fragments that nothing spreads': `{ p90 { trips } } ${times(20, (index) => `fragment f${index} on Query { ${times(22, () => 'p90 { trips }')} }`)}`,
  'inline fragments in each other': `{ ${'... { '.repeat(660)} p90 { trips } ${'} '.repeat(660)} }`,
  'variables that nothing uses': `query (${times(390, (index) => `$a${index}: Int`)}) { p90 { trips } }`,
  'many operations': times(250, (index) => `query q${index} { p90 { trips } }`),
  'unknown names to suggest something for': `{ ${times(49, (index) => `p90${'x'.repeat(500)}${index}`)} }`,
};

describe('a hostile document takes milliseconds', () => {
  it.each(Object.keys(BOMBS))('%s', (name) => {
    const text = BOMBS[name]!;
    said(text);
    const took = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      said(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    // 10 ms on a quiet machine.
    expect(Math.min(...took)).toBeLessThan(60);
    expect(text.length).toBeLessThanOrEqual(DOCUMENT_LIMITS.characters);
  });
});
