/** The variables of an operation as parameters of a query string, with what the schema says of where they go. */
import {
  astFromValue,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isNonNullType,
  Kind,
  typeFromAST,
  TypeInfo,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

export interface RestParameter {
  name: string;
  /** As the operation declares it, except for NonNull. */
  type: GraphQLInputType;
  isRequired: boolean;
  /** As in JSON; undefined: none. */
  defaultValue?: unknown;
  description?: string | undefined;
}

/** An argument, or a field of an argument, that a variable is given to. */
type Target = GraphQLArgument | GraphQLInputField;

/** In the order in which the operation declares them. */
export function parametersOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): RestParameter[] {
  const targets = findTargets(schema, document);
  return (operation.variableDefinitions ?? []).map(({ variable, type: declared, defaultValue }) => {
    const name = variable.name.value;
    const type = typeFromAST(schema, declared);
    const target = targets.get(name);
    if (target === undefined || !isInputType(type)) throw new Error(`$${name} goes nowhere`);
    return {
      name,
      type: getNullableType(type),
      isRequired: isNonNullType(type) && defaultValue === undefined,
      defaultValue: defaultValue === undefined ? defaultOf(target) : valueFromASTUntyped(defaultValue),
      description: describe(schema, target) ?? undefined,
    };
  });
}

/** By the name of the variable. */
function findTargets(schema: GraphQLSchema, document: DocumentNode): Map<string, Target> {
  const targets = new Map<string, Target>();
  const typeInfo = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(typeInfo, {
    Argument({ value }) {
      const argument = typeInfo.getArgument();
      if (value.kind === Kind.VARIABLE && argument) targets.set(value.name.value, argument);
    },
    ObjectField({ name, value }) {
      const parent = getNamedType(typeInfo.getParentInputType());
      const field = isInputObjectType(parent) ? parent.getFields()[name.value] : undefined;
      if (value.kind === Kind.VARIABLE && field) targets.set(value.name.value, field);
    },
  });
  visit(document, visitor);
  return targets;
}

function defaultOf({ defaultValue, type }: Target): unknown {
  const literal = defaultValue === undefined ? undefined : astFromValue(defaultValue, type);
  return literal ? valueFromASTUntyped(literal) : undefined;
}

/** What is described once is described for every argument of that name and type. */
function describe(schema: GraphQLSchema, { name, type, description }: Target): string | null | undefined {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  const alike = fields
    .flatMap(({ args }) => args)
    .filter((other) => other.name === name && getNamedType(other.type) === getNamedType(type));
  return [{ description }, ...alike].find((each) => each.description)?.description;
}
