/** What a document may ask for, before anything of it is done. */
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  GraphQLError,
  KnownFragmentNamesRule,
  Lexer,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  parse,
  Source,
  specifiedRules,
  TokenKind,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import { documentError, limitExceeded } from '../errors.ts';
import { countRepeats, createFieldCount, type FieldCount } from './count-fields.ts';

/**
 * GraphiQL's introspection has 184 tokens, is 15 levels deep and selects 227 fields. Within these limits the worst documents that were found take
 * 10 ms; without those of fields and repeats the same tokens took 65 ms, twice as many 130 ms.
 */
export const DOCUMENT_LIMITS = {
  characters: 32_768,
  tokens: 2_000,
  depth: 16,
  rootFields: 50,
  fields: 1_000,
  repeats: 25,
  aliases: 100,
  directives: 50,
} as const;
type Limit = keyof typeof DOCUMENT_LIMITS;

const MOST_ERRORS = 20;

const SENTENCES: Record<Limit, (found: string, limit: number) => string> = {
  characters: (found, limit) => `The document has ${found} characters, and ${limit} are allowed.`,
  tokens: (found, limit) => `The document has ${found} tokens, and ${limit} are allowed.`,
  depth: (found, limit) => `The document is ${found} levels deep, and ${limit} are allowed.`,
  rootFields: (found, limit) => `The document asks ${found} questions at once, and ${limit} are allowed.`,
  fields: (found, limit) => `The document selects ${found} fields, and ${limit} are allowed.`,
  repeats: (found, limit) => `The document selects one field ${found} times, and ${limit} times are allowed.`,
  aliases: (found, limit) => `The document has ${found} aliases, and ${limit} are allowed.`,
  directives: (found, limit) => `The document has ${found} directives, and ${limit} are allowed.`,
};

/** Undefined when it is within the limit. */
function excess(what: Limit, found: number): GraphQLError | undefined {
  const limit = DOCUMENT_LIMITS[what];
  if (found <= limit) return undefined;
  const written = found > 1_000_000 ? 'more than a million' : String(found);
  return limitExceeded(SENTENCES[what](written, limit), { what, limit, found });
}

/** @throws GraphQLError GRAPHQL_PARSE_FAILED or LIMIT_EXCEEDED */
export function parseLimited(text: string): DocumentNode {
  const tooLong = excess('characters', text.length);
  if (tooLong !== undefined) throw tooLong;
  try {
    return parse(text, { maxTokens: DOCUMENT_LIMITS.tokens });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    if (!(error instanceof GraphQLError)) throw error;
    throw excess('tokens', countTokens(text)) ?? documentError(error, 'GRAPHQL_PARSE_FAILED');
  }
}

/** Up to the first that is none. */
function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  try {
    while (lexer.advance().kind !== TokenKind.EOF) tokens += 1;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
  }
  return tokens;
}

/** What armor counts in each operation, its fragments included, as often as they are spread. We say how much is too much, and how it is said. */
const counted = (what: Limit) => ({
  n: Infinity,
  onAccept: [
    (context: { reportError: (error: GraphQLError) => void } | null, { n }: { n: number }) => {
      const error = excess(what, n);
      if (error !== undefined) context?.reportError(error);
    },
  ],
});

const fieldsRule: ValidationRule = (context) => {
  const count = createFieldCount(context);
  const check = (selectionSet: SelectionSetNode, { top, all }: Partial<FieldCount>): void => {
    const error =
      excess('rootFields', top ?? 0) ??
      excess('fields', all ?? 0) ??
      excess('repeats', countRepeats(context, selectionSet));
    if (error !== undefined) context.reportError(error);
  };
  return {
    OperationDefinition: ({ selectionSet }) => check(selectionSet, count(selectionSet)),
    // Those that nothing spreads are validated too.
    FragmentDefinition: ({ selectionSet }) => check(selectionSet, { all: count(selectionSet).all }),
  };
};

/** What counting relies on. */
const FRAGMENT_RULES: readonly ValidationRule[] = [KnownFragmentNamesRule, NoFragmentCyclesRule];

const LIMIT_RULES: readonly ValidationRule[] = [
  fieldsRule,
  maxDepthRule({ ...counted('depth'), flattenFragments: true, ignoreIntrospection: false }),
  maxAliasesRule({ ...counted('aliases'), allowList: [] }),
  maxDirectivesRule(counted('directives')),
];

/**
 * Is this a document that the schema understands, within the limits? The limits come first: what is beyond them is looked at no further.
 * @returns GRAPHQL_VALIDATION_FAILED, LIMIT_EXCEEDED, or what scalars say of values; none when it may be executed
 */
export function checkDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  { introspection }: { introspection: boolean },
): readonly GraphQLError[] {
  // A suggestion is a piece of the schema.
  const options = { maxErrors: MOST_ERRORS, hideSuggestions: !introspection };
  const mistakes = (rules: readonly ValidationRule[]): GraphQLError[] =>
    validate(schema, document, rules, options).map((error) =>
      documentError(error, 'GRAPHQL_VALIDATION_FAILED'),
    );
  try {
    const astray = mistakes(FRAGMENT_RULES);
    if (astray.length > 0) return astray;
    const beyond = validate(schema, document, LIMIT_RULES, { maxErrors: 1 });
    if (beyond.length > 0) return beyond.slice(0, 1);
    return mistakes(introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]);
  } catch (error) {
    if (error instanceof RangeError) return [tooDeep()];
    throw error;
  }
}

/** Values are nested too; what the stack does not hold is no question. */
function tooDeep(): GraphQLError {
  const { depth: limit } = DOCUMENT_LIMITS;
  return limitExceeded(`The document is far too deep: ${limit} levels are allowed.`, {
    what: 'depth',
    limit,
  });
}
