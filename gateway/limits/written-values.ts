/** How much one request may have written in lists: the event loop does nothing else meanwhile, and aliases write the same list again and again. */
import {
  defaultFieldResolver,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { answerTooLarge } from '../errors.ts';
import type { RequestCost } from './admission.ts';
import { createFieldCount } from './count-fields.ts';

/** Each takes a microsecond, or less. Three series of the largest, with every field of their points, have 180,000. */
const MOST_VALUES = 200_000;

/** Fields that are selected of each item of a list, those within them included. */
function fieldsOfItem({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const count = createFieldCount({ getFragment: (name) => fragments[name] });
  const selections = fieldNodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  return count({ kind: Kind.SELECTION_SET, selections }).all;
}

function charge(cost: RequestCost, list: unknown, info: GraphQLResolveInfo): unknown {
  if (!Array.isArray(list)) return list;
  cost.values = (cost.values ?? 0) + list.length * fieldsOfItem(info);
  if (cost.values > MOST_VALUES) throw answerTooLarge({ values: cost.values, mostValues: MOST_VALUES });
  return list;
}

/**
 * Counts what is written of each list of objects, but for subscriptions, whose events are answers of their own. It is known only when the list is there.
 * @returns the same schema; its fields throw GraphQLError TOO_EXPENSIVE
 */
export function limitWritten(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (!isListType(getNullableType(field.type)) || !isObjectType(getNamedType(field.type))) continue;
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (source, given, context: { cost: RequestCost }, info): unknown => {
        const list: unknown = resolve(source, given, context, info);
        if (info.operation.operation === OperationTypeNode.SUBSCRIPTION) return list;
        if (list instanceof Promise) return list.then((found) => charge(context.cost, found, info));
        return charge(context.cost, list, info);
      };
    }
  }
  return schema;
}
