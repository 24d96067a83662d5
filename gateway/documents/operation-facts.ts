/** What is known of an operation before it runs. */
import {
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

export interface OperationFacts {
  name: string | undefined;
  kind: OperationTypeNode;
  /** Every root field is `@cached` (or about the schema) and nothing in the document `@uncached`, so the answer may be kept. */
  isCached: boolean;
  /** Some root field, or an argument that is given, is `@scans`: it may cost SQL. */
  scans: boolean;
  /** Names of its variables, ascending. */
  variables: readonly string[];
}

/** Of each operation of a valid document, in its order. */
export function operationsOf(schema: GraphQLSchema, document: DocumentNode): OperationFacts[] {
  const isUncached = hasUncached(schema, document);
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const type = schema.getRootType(definition.operation);
    const fields = rootFields(definition.selectionSet, document).map((node) => ({
      node,
      field: type?.getFields()[node.name.value],
    }));
    return [
      {
        name: definition.name?.value,
        kind: definition.operation,
        // Fields about the schema are not among the type's own, and never change while it runs.
        isCached:
          definition.operation === OperationTypeNode.QUERY &&
          !isUncached &&
          fields.every(({ field }) => field === undefined || has(field.astNode, 'cached')),
        scans: fields.some(
          ({ node, field }) =>
            has(field?.astNode, 'scans') ||
            node.arguments?.some(({ name }) =>
              has(field?.args.find((argument) => argument.name === name.value)?.astNode, 'scans'),
            ),
        ),
        variables: (definition.variableDefinitions ?? [])
          .map(({ variable }) => variable.name.value)
          .toSorted(),
      },
    ];
  });
}

function hasUncached(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let found = false;
  const Field = (): void => {
    found ||= has(types.getFieldDef()?.astNode, 'uncached');
  };
  visit(document, visitWithTypeInfo(types, { Field }));
  return found;
}

const has = (
  node: { readonly directives?: readonly DirectiveNode[] | undefined } | null | undefined,
  directive: string,
): boolean => node?.directives?.some(({ name }) => name.value === directive) ?? false;

/** Through fragments, each of them once. */
function rootFields(selectionSet: SelectionSetNode, document: DocumentNode): FieldNode[] {
  const visited = new Set<string>();
  const fieldsOf = ({ selections }: SelectionSetNode): FieldNode[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      const name = selection.name.value;
      if (visited.has(name)) return [];
      visited.add(name);
      const fragment = document.definitions.find(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
      );
      return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(fragment.selectionSet) : [];
    });
  return fieldsOf(selectionSet);
}
