/** GraphQL's types as JSON Schema: those with a name once, as components that others refer to. */
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  Kind,
  type GraphQLEnumType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql';
import { scalarSchema, type JsonSchema } from './scalars.ts';

export interface Schemas {
  /** By name: what `schemaOf` has referred to. */
  components: Readonly<Record<string, JsonSchema>>;
  /**
   * @param selected of an object; the schema holds these fields alone
   * @returns of a type that may be null, one that allows null
   */
  schemaOf(type: GraphQLOutputType | GraphQLInputType, selected?: SelectionSetNode): JsonSchema;
  /** Of what is there, if it is there. */
  schemaWithoutNull(type: GraphQLOutputType | GraphQLInputType, selected?: SelectionSetNode): JsonSchema;
}

export function createSchemas(): Schemas {
  const components: Record<string, JsonSchema> = {};

  /** Two selections of one type are two components. */
  function component(name: string, schema: JsonSchema): JsonSchema {
    const isOther = (taken: string): boolean =>
      Object.hasOwn(components, taken) && JSON.stringify(components[taken]) !== JSON.stringify(schema);
    let free = name;
    for (let n = 2; isOther(free); n += 1) free = `${name}${n}`;
    components[free] = schema;
    return { $ref: `#/components/schemas/${free}` };
  }

  function schemaWithoutNull(
    type: GraphQLOutputType | GraphQLInputType,
    selected?: SelectionSetNode,
  ): JsonSchema {
    const named = getNullableType(type);
    if (isListType(named)) return { type: 'array', items: schemaOf(named.ofType, selected) };
    if (isEnumType(named)) return component(named.name, enumSchema(named));
    if (isObjectType(named)) return component(named.name, objectSchema(named, selected));
    if (!isScalarType(named))
      throw new Error(`${getNamedType(named).name} is nothing that REST answers or takes`);
    const schema = scalarSchema(named);
    const isPlain = isSpecifiedScalarType(named) || schema.type !== 'string';
    return isPlain
      ? schema
      : component(named.name, described(schema, named.description ?? named.astNode?.description?.value));
  }

  function objectSchema(type: GraphQLObjectType, selected: SelectionSetNode | undefined): JsonSchema {
    const fields = type.getFields();
    const properties = (selected?.selections ?? []).map((selection): [string, JsonSchema] => {
      const field = selection.kind === Kind.FIELD ? fields[selection.name.value] : undefined;
      if (selection.kind !== Kind.FIELD || field === undefined)
        throw new Error(`${type.name}: an operation of REST selects fields by their names alone`);
      const name = selection.alias?.value ?? selection.name.value;
      return [name, described(schemaOf(field.type, selection.selectionSet), field.description)];
    });
    const schema: JsonSchema = {
      type: 'object',
      properties: Object.fromEntries(properties),
      required: properties.map(([name]) => name),
    };
    return described(schema, type.description);
  }

  function schemaOf(type: GraphQLOutputType | GraphQLInputType, selected?: SelectionSetNode): JsonSchema {
    const schema = schemaWithoutNull(type, selected);
    return isNonNullType(type) ? schema : orNull(schema);
  }

  return { components, schemaOf, schemaWithoutNull };
}

function enumSchema(type: GraphQLEnumType): JsonSchema {
  const values = type.getValues();
  const told = values.filter(({ description }) => description);
  const list = told.map(({ name, description }) => `\`${name}\`: ${oneLine(description ?? '')}`);
  const text = [type.description, ...list].filter(Boolean).join(' ');
  return described({ type: 'string', enum: values.map(({ name }) => name) }, text);
}

/** JSON Schema lets a description stand beside a reference. */
function described(schema: JsonSchema, description: string | null | undefined): JsonSchema {
  return description ? { ...schema, description: oneLine(description) } : schema;
}

function orNull(schema: JsonSchema): JsonSchema {
  return typeof schema.type === 'string' && schema.enum === undefined
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
}

/** Descriptions are wrapped in the schema. */
export const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();
