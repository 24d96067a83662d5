/** The OpenAPI document of the REST routes, from the routes and the schema that they ask. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DOWNLOAD_FORMATS, DOWNLOAD_PATH, PAGE_PARAMETERS } from '../download.ts';
import { STATUS } from '../http/status.ts';
import type { RestParameter } from './parameters.ts';
import type { RestRoute } from './routes.ts';
import { scalarSchema, type JsonSchema } from './scalars.ts';
import { createSchemas, oneLine, type Schemas } from './schemas.ts';

const packageFile = z.object({ version: z.string() });

/** https://spec.openapis.org/oas/v3.1.1.html */
export function createOpenApi(routes: ReadonlyMap<string, RestRoute>) {
  const schemas = createSchemas();
  const paths = [...routes].map(([path, route]) => [path, { get: operationOf(route, schemas) }] as const);
  const { version } = packageFile.parse(
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tripline REST',
      version,
      description:
        'Percentiles of taxi-trip distance between any two moments, exact, and the trips above them. Distances are miles; times are New York’s wall clock without a zone; ranges are half-open, `[from, to)`, and an end that is left out is open. The same questions and more can be asked over GraphQL, at `/graphql`.',
    },
    servers: [{ url: '/' }],
    // Who may read without is configured.
    security: [{}, { bearer: [] }, { apiKey: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: { ...schemas.components, Problem: PROBLEM } as Readonly<Record<string, JsonSchema>>,
      responses: PROBLEMS,
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key or a JSON Web Token.' },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Api-Key',
          description: 'The same in a header of its own.',
        },
      },
    },
  };
}

function operationOf(route: RestRoute, schemas: Schemas) {
  const { field, selected, parameters, operationName, path } = route;
  const description = oneLine(field.description ?? '');
  const isCached = hasDirective(route, 'cached');
  const isDownload = path === DOWNLOAD_PATH;
  const schema = schemas.schemaOf(field.type, selected.selectionSet);
  return {
    operationId: operationName,
    tags: ['Questions'],
    summary: firstSentence(description),
    description,
    parameters: parameters.map((parameter) => parameterOf(route, parameter, schemas)),
    responses: {
      200: {
        description: isDownload ? 'All of them as one file, or a page as JSON.' : 'The answer.',
        headers: references('headers', [
          ...(isCached ? ['ETag'] : []),
          ...(isDownload ? ['X-Trips', 'X-Data-Version'] : []),
        ]),
        content: { ...(isDownload && FILES), 'application/json': { schema } },
      },
      ...(isCached && { 304: { description: 'The answer is still the one with that ETag.' } }),
      ...references('responses', problemsOf(route)),
    },
  };
}

function parameterOf(route: RestRoute, parameter: RestParameter, schemas: Schemas) {
  const { name, type, isRequired, defaultValue, description } = parameter;
  // A page that fills in defaults would send these with every format.
  const isForPages = route.path === DOWNLOAD_PATH && PAGE_PARAMETERS.includes(name);
  const text = [description, isForPages && 'With `format=json` alone.'].filter(Boolean).join(' ');
  const schema = schemas.schemaWithoutNull(type);
  return {
    name,
    in: 'query',
    required: isRequired,
    ...(text !== '' && { description: oneLine(text) }),
    schema: defaultValue === undefined || isForPages ? schema : { ...schema, default: defaultValue },
  };
}

function hasDirective({ field }: RestRoute, name: string): boolean {
  return field.astNode?.directives?.some((directive) => directive.name.value === name) ?? false;
}

/** The statuses of errors that the route may answer, as in `400`. */
function problemsOf(route: RestRoute): string[] {
  const takesAsOf = route.parameters.some(({ name }) => name === 'asOf');
  const codes: (keyof typeof STATUS)[] = [
    'BAD_USER_INPUT',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    ...(takesAsOf ? (['GONE'] as const) : []),
    ...(hasDirective(route, 'scans') ? (['TOO_EXPENSIVE', 'RATE_LIMITED'] as const) : []),
    'SERVICE_UNAVAILABLE',
    'TIMEOUT',
  ];
  return codes.map((code) => String(STATUS[code].status));
}

/** Each name with a reference to the component of that name. */
function references(kind: 'headers' | 'responses', names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/${kind}/${name}` }]));
}

/** Without its full stop. */
function firstSentence(text: string): string {
  return /^.*?(?=[.;:](\s|$))/.exec(text)?.[0] ?? text;
}

const HEADERS = {
  ETag: {
    description:
      'Of the answer: the same until a publication changes it. Sent back as `If-None-Match`, it is answered by 304 until then.',
    schema: { type: 'string' },
  },
  'X-Trips': { description: 'Of a file: how many trips are in it.', schema: scalarSchema({ name: 'Count' }) },
  'X-Data-Version': {
    description: 'Of a file: the data version of the range.',
    schema: scalarSchema({ name: 'Count' }),
  },
  'Retry-After': {
    description: 'Seconds after which it is worth asking again.',
    schema: { type: 'integer' },
  },
};

/** Content of a file, by its media type; only CSV and JSON lines are text. */
const FILES = Object.fromEntries(
  Object.values(DOWNLOAD_FORMATS).map(({ type }) => {
    const mediaType = type.replace(/;.*/, '');
    const isText = mediaType === 'text/csv' || mediaType === 'application/jsonl';
    return [mediaType, isText ? { schema: { type: 'string' } } : {}];
  }),
);

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457. It may hold more about the mistake.',
  properties: {
    status: { type: 'integer', description: 'The HTTP status.' },
    title: { type: 'string', description: 'What the status is called.' },
    detail: { type: 'string', description: 'What was wrong, and what would be right.' },
    code: {
      type: 'string',
      enum: Object.keys(STATUS),
      description: 'The code of the same error over GraphQL.',
    },
  },
  required: ['status', 'title', 'detail'],
};

/** By status. */
const PROBLEMS = Object.fromEntries(
  Object.values(STATUS).map(({ status }) => {
    const those = Object.entries(STATUS).filter(([, each]) => each.status === status);
    const isLater = status === 429 || status === 503;
    return [
      String(status),
      {
        description: those.map(([code, { means }]) => `\`${code}\`: ${means}`).join(' '),
        ...(isLater && { headers: references('headers', ['Retry-After']) }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ];
  }),
);
