/** How values look outside GraphQL, by JSON Schema. */
import type { GraphQLNamedType } from 'graphql';

/** Of JSON Schema 2020-12, which OpenAPI 3.1 speaks, what we use. */
export interface JsonSchema {
  $ref?: string;
  type?: string | [type: string, orNull: 'null'];
  format?: string;
  pattern?: string;
  minimum?: number;
  enum?: readonly string[];
  anyOf?: readonly JsonSchema[];
  items?: JsonSchema;
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  description?: string;
  default?: unknown;
  examples?: readonly unknown[];
}

const SCALARS: Readonly<Record<string, JsonSchema & { type: string }>> = {
  Boolean: { type: 'boolean' },
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number', format: 'double' },
  String: { type: 'string' },
  Count: { type: 'integer', format: 'int64', minimum: 0 },
  LocalDateTime: {
    type: 'string',
    pattern: String.raw`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$`,
    examples: ['2024-01-31T08:30:00', '2024-01-31'],
  },
  DateTime: { type: 'string', format: 'date-time' },
};

/** @throws Error for a scalar that was added to the schema and not here */
export function scalarSchema({ name }: Pick<GraphQLNamedType, 'name'>): JsonSchema & { type: string } {
  const schema = Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
  if (schema === undefined) throw new Error(`how the scalar ${name} looks in JSON is not written down`);
  return schema;
}
