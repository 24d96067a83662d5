import { describe, expect, it } from 'vitest';
import { createSchema } from '../schema.ts';
import { createOpenApi } from './open-api.ts';
import { createRestRoutes } from './routes.ts';

const document = createOpenApi(createRestRoutes(createSchema()));
const operation = (path: string) => document.paths[path]!.get;
const parameter = (path: string, name: string) =>
  operation(path).parameters.find((each) => each.name === name);

it('refers to nothing that is not there', () => {
  const text = JSON.stringify(document);
  const references = new Set(text.match(/#\/components\/[\w/-]+/g));
  expect(references.size).toBeGreaterThan(20);
  for (const reference of references) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
    expect(found, reference).toBeDefined();
  }
});

describe('parameters', () => {
  it('have their types, defaults and descriptions from the schema', () => {
    expect(parameter('/api/p90', 'interpolate')).toEqual({
      name: 'interpolate',
      in: 'query',
      required: false,
      description: expect.stringMatching(/percentile_cont/),
      schema: { type: 'boolean', default: false },
    });
    expect(parameter('/api/p90', 'from')).toMatchObject({
      description: 'The first moment of the range.',
      schema: { $ref: '#/components/schemas/LocalDateTime' },
    });
    expect(parameter('/api/series', 'p')?.schema).toHaveProperty('default', 0.9);
    expect(document.components.schemas['SeriesBucket']).toMatchObject({
      type: 'string',
      enum: ['HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR'],
      description: '`WEEK`: From Monday.',
    });
  });

  it('are required where the operation has nothing else', () => {
    const required = Object.entries(document.paths).flatMap(([path, { get }]) =>
      get.parameters.filter((each) => each.required).map(({ name }) => `${path} ${name}`),
    );
    expect(required).toEqual(['/api/percentile p', '/api/percentiles at', '/api/series bucket']);
  });

  it('describe an argument as its namesake, where it has nothing of its own', () => {
    expect(parameter('/api/series', 'asOf')?.description).toBe(
      parameter('/api/percentile', 'asOf')?.description,
    );
    expect(parameter('/api/files', 'after')?.description).toMatch(/endCursor/);
  });
});

describe('answers', () => {
  it('hold what the operation selects, with null where the schema has it', () => {
    expect(document.components.schemas['Percentile']).toMatchObject({
      properties: {
        p: { type: 'number' },
        value: { type: ['number', 'null'], description: 'Miles. Null exactly when `trips` is 0.' },
        dataThrough: { anyOf: [{ $ref: '#/components/schemas/LocalDateTime' }, { type: 'null' }] },
      },
      required: ['p', 'value', 'trips', 'tripsOver', 'dataVersion', 'dataThrough', 'exact', 'loading'],
    });
  });

  it('have an ETag where they are cached, and more errors where they scan', () => {
    expect(Object.keys(operation('/api/p90').responses)).toEqual([
      '200',
      '304',
      '400',
      '401',
      '403',
      '410',
      '503',
      '504',
    ]);
    expect(Object.keys(operation('/api/trips-over-p90').responses)).toEqual(
      expect.arrayContaining(['422', '429']),
    );
    expect(operation('/api/files').responses).not.toHaveProperty('304');
  });

  it('are files too where there is a download', () => {
    expect(Object.keys(operation('/api/trips-over-p90').responses[200].content)).toEqual([
      'text/csv',
      'application/vnd.apache.parquet',
      'application/vnd.apache.arrow.stream',
      'application/jsonl',
      'application/json',
    ]);
    expect(parameter('/api/trips-over-p90', 'format')?.schema).toHaveProperty('default', 'csv');
    expect(parameter('/api/trips-over-p90', 'orderBy')).toMatchObject({
      description: 'With `format=json` alone.',
      schema: { $ref: '#/components/schemas/TripOrder' },
    });
  });
});
