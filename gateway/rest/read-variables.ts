import {
  coerceInputValue,
  getNamedType,
  isEnumType,
  isListType,
  type GraphQLEnumType,
  type GraphQLInputType,
  type GraphQLScalarType,
} from 'graphql';
import { badUserInput } from '../errors.ts';
import { isForTrackers } from '../http/is-for-trackers.ts';
import type { RestParameter } from './parameters.ts';
import { scalarSchema } from './scalars.ts';

/**
 * Reads a query string as the JSON values of variables, in the order of the parameters; what is not given is left out. A list is given by
 * repetition.
 * @throws GraphQLError BAD_USER_INPUT that names the parameter and says what would be right
 */
export function readVariables(
  parameters: readonly RestParameter[],
  query: URLSearchParams,
): Record<string, unknown> {
  for (const name of query.keys()) {
    if (isForTrackers(name) || parameters.some((known) => known.name === name)) continue;
    const names = parameters.map((known) => known.name);
    throw badUserInput(`unknown parameter ${quote(name)}: there are ${names.join(', ')}`);
  }
  const variables: Record<string, unknown> = {};
  for (const parameter of parameters) {
    const texts = query.getAll(parameter.name);
    if (texts.length > 0) variables[parameter.name] = readValue(parameter, texts);
    else if (parameter.isRequired)
      throw badUserInput(`${parameter.name} is missing: it must be ${wanted(parameter.type)}`);
  }
  return variables;
}

function readValue({ name, type }: RestParameter, texts: readonly string[]): unknown {
  const [first = '', ...more] = texts;
  if (!isListType(type) && more.length > 0) throw badUserInput(`${name} is given more than once`);
  const value = isListType(type)
    ? texts.map((text) => readText(name, oneOf(type), text))
    : readText(name, oneOf(type), first);
  coerceInputValue(value, type, (_path, _value, error) => {
    throw badUserInput(`${name}: ${error.message}`);
  });
  return value;
}

function readText(name: string, type: GraphQLEnumType | GraphQLScalarType, text: string): unknown {
  if (isEnumType(type)) {
    if (type.getValue(text)) return text;
    throw badUserInput(`${name} is ${quote(text)}: it must be ${wanted(type)}`);
  }
  const { type: kind, minimum } = scalarSchema(type);
  if (kind === 'string') return text;
  const refusal = () => badUserInput(`${name} must be ${wanted(type)}; got ${quote(text)}`);
  if (kind === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw refusal();
  }
  const pattern = kind === 'integer' ? /^-?\d{1,16}$/ : /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
  if (!pattern.test(text) || Number(text) < (minimum ?? -Infinity)) throw refusal();
  return Number(text);
}

/** What would be right. */
function wanted(type: GraphQLInputType): string {
  if (isListType(type)) return `${wanted(oneOf(type))}, given once or more`;
  const one = oneOf(type);
  if (isEnumType(one))
    return `one of ${one
      .getValues()
      .map((value) => value.name)
      .join(', ')}`;
  return WANTED[scalarSchema(one).type] ?? 'a text';
}

const WANTED: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

/** Query strings hold no objects. */
function oneOf(type: GraphQLInputType): GraphQLEnumType | GraphQLScalarType {
  return getNamedType(type) as GraphQLEnumType | GraphQLScalarType;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
