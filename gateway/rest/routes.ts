/** A REST route is a GraphQL operation with flat variables: see `operations/`. All else of it comes from the schema. */
import { readdirSync, readFileSync } from 'node:fs';
import {
  Kind,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { DOWNLOAD_PATH, FORMAT_PARAMETER } from '../download.ts';
import { parametersOf, type RestParameter } from './parameters.ts';
import { readVariables } from './read-variables.ts';

export interface RestRoute {
  path: string;
  /** With one operation of one root field. */
  document: string;
  parsed: DocumentNode;
  operationName: string;
  /** The root field: in the schema, and as it is selected. */
  field: GraphQLField<unknown, unknown>;
  selected: FieldNode;
  /** Of the query string. */
  parameters: readonly RestParameter[];
  /** As JSON values, in the order of the operation's variables. @throws GraphQLError BAD_USER_INPUT */
  variablesOf: (query: URLSearchParams) => Record<string, unknown>;
  /** What is sent of the operation's data: the root field alone. */
  answerOf: (data: Readonly<Record<string, unknown>>) => unknown;
}

const OPERATIONS = new URL('./operations/', import.meta.url);

/** By path, as in `/api/p90`, in the schema's order. @throws Error when an operation does not fit the schema */
export function createRestRoutes(schema: GraphQLSchema): ReadonlyMap<string, RestRoute> {
  const files = readdirSync(OPERATIONS).filter((file) => file.endsWith('.graphql'));
  const routes = files.map((file) => {
    const path = `/api/${file.replace(/\.graphql$/, '')}`;
    return createRestRoute(schema, path, readFileSync(new URL(file, OPERATIONS), 'utf8'));
  });
  const order = Object.keys(schema.getQueryType()?.getFields() ?? {});
  routes.sort((a, b) => order.indexOf(a.field.name) - order.indexOf(b.field.name));
  return new Map(routes.map((route) => [route.path, route]));
}

/** @throws Error when the document does not fit the schema, or is more than one root field of one query */
export function createRestRoute(schema: GraphQLSchema, path: string, document: string): RestRoute {
  const parsed = parse(document);
  const [mistake] = validate(schema, parsed);
  if (mistake !== undefined) throw new Error(`${path}: ${mistake.message}`);
  const { operation, selected } = onlyField(parsed, path);
  const field = schema.getQueryType()?.getFields()[selected.name.value];
  if (field === undefined) throw new Error(`${path}: not a query`);
  const variables = parametersOf(schema, parsed, operation);
  const parameters = path === DOWNLOAD_PATH ? [...variables, FORMAT_PARAMETER] : variables;
  return {
    path,
    document,
    parsed,
    operationName: operation.name?.value ?? '',
    field,
    selected,
    parameters,
    variablesOf(query) {
      const values = readVariables(parameters, query);
      delete values[FORMAT_PARAMETER.name];
      return values;
    },
    answerOf: (data) => data[selected.alias?.value ?? selected.name.value],
  };
}

function onlyField(
  { definitions }: DocumentNode,
  path: string,
): { operation: OperationDefinitionNode; selected: FieldNode } {
  const operations = definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  const selections = operation?.selectionSet.selections ?? [];
  const [selected] = selections;
  if (operations.length !== 1 || operation === undefined || selections.length !== 1)
    throw new Error(`${path}: one operation of one field is wanted`);
  if (
    operation.operation !== OperationTypeNode.QUERY ||
    operation.name === undefined ||
    selected?.kind !== Kind.FIELD
  )
    throw new Error(`${path}: a named query is wanted`);
  return { operation, selected };
}
