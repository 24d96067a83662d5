/** `/graphql`: GraphQL over HTTP, with Apollo's persisted queries, server-sent events for subscriptions, and GraphiQL. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { readingRefusal } from '../access/refusal.ts';
import { askingFor } from '../asking.ts';
import { beCurrent } from '../be-current.ts';
import { createContext, type GatewayParts } from '../context.ts';
import type { Admit, Documents, KnownDocument } from '../documents/documents.ts';
import type { OperationFacts } from '../documents/operation-facts.ts';
import { badUserInput, methodNotAllowed, notAcceptable, quoted, unsupportedMediaType } from '../errors.ts';
import { HTTP_LIMITS, readLimitedBody, throwRestAway } from '../limits/http-limits.ts';
import type { LoadShedding } from '../limits/load-shedding.ts';
import type { Page } from '../pages.ts';
import type { Answering } from './answering.ts';
import { sendFailure, type Arrived, type Conclude, type Exchange } from './exchange.ts';
import type { Executor, Operation } from './executor.ts';
import { failureOf, graphqlFailure } from './failure.ts';
import type { FastPath } from './fast-path.ts';
import { readBody, readQueryString, type GraphqlRequest } from './graphql-request.ts';
import { PLAIN, type Form, type Negotiation } from './negotiation.ts';
import { untilGone } from './until-gone.ts';

const LONGEST_NAME = 60;
const METHODS = ['GET', 'HEAD', 'POST'];
const GRAPHQL_SHAPE = {
  id: 'graphql',
  bodyOf: (data: unknown): string => JSON.stringify({ data }),
};

export type GraphqlEndpoint = (arrived: Arrived) => Promise<void>;

export function createGraphqlEndpoint({
  parts,
  access,
  documents,
  executor,
  shedding,
  answering,
  fastPath,
  negotiate,
  graphiql,
  conclude,
}: {
  parts: GatewayParts;
  access: Access;
  documents: Documents;
  executor: Executor;
  shedding: LoadShedding;
  answering: Answering;
  fastPath: FastPath;
  negotiate: Negotiation;
  /** The page for people who write queries; undefined where it is switched off. */
  graphiql: Page | undefined;
  conclude: Conclude;
}): GraphqlEndpoint {
  async function answer(arrived: Arrived, form: Form | undefined): Promise<void> {
    const { request, response, began } = arrived;
    const isPost = request.method === 'POST';
    const text = isPost ? await readPost(request) : (request.url ?? '');
    // No address begins like this, so that no body is taken for one.
    const raw = isPost ? `POST ${text}` : text;
    if (isPost && fastPath.answer(raw, request, response, began)) return;
    const readAt = performance.now();
    const caller = await access.callerOf(request.headers, request.socket.remoteAddress);
    const refusal = readingRefusal(caller);
    if (refusal !== undefined) throw refusal;
    const exchange: Exchange = { ...arrived, readAt, caller, gone: untilGone(response) };
    const asked = isPost ? readBody(text) : readQueryString(queryOf(text));
    const document = await documentOf(asked, () => admit(caller)());
    if (document.errors.length > 0) throw new DocumentErrors(document.errors);
    const facts = operationOf(document, asked.operationName);
    const operation: Operation = { document, operationName: facts.name, variables: asked.variables };
    if (facts.kind === OperationTypeNode.MUTATION && !isPost)
      throw methodNotAllowed('A mutation changes something: send it by POST.', 'POST');
    const takesEvents = /\btext\/event-stream\b/.test(request.headers.accept ?? '');
    const isSubscription = facts.kind === OperationTypeNode.SUBSCRIPTION;
    // Some clients name events with every question, after the forms of one answer.
    if (isSubscription || (takesEvents && form === undefined)) {
      if (!takesEvents)
        throw notAcceptable(
          'A subscription is answered by server-sent events: send the header "Accept: text/event-stream".',
        );
      await stream(exchange, operation, facts);
      const outcome = isSubscription ? 'stream' : 'none';
      return conclude(exchange, { operation: nameOf(facts), outcome, status: response.statusCode });
    }
    if (form === undefined)
      throw notAcceptable(
        'Answers are application/json or application/graphql-response+json: accept one of them.',
      );
    return answering(exchange, {
      name: nameOf(facts),
      operation,
      facts,
      form,
      shape: GRAPHQL_SHAPE,
      failure: (failure) => graphqlFailure(failure, form.mediaType),
      // One that makes a document known must come to where that is done.
      raw: asked.query !== undefined && asked.hash !== undefined ? undefined : raw,
    });
  }

  /** A subscription waits, mostly; any other operation costs as much as if it were answered at once. */
  async function stream(exchange: Exchange, operation: Operation, { kind }: OperationFacts): Promise<void> {
    const { readAt, caller, gone, request, response } = exchange;
    const leave = kind === OperationTypeNode.SUBSCRIPTION ? () => undefined : admit(caller);
    try {
      await beCurrent(parts.liveLoads);
      const asking = askingFor(gone, { ...parts, caller, began: readAt });
      const context = createContext(parts, { caller, asking });
      await executor.stream(operation, { context, request, response });
    } finally {
      leave();
    }
  }

  /** @returns to be called when it is done. @throws GraphQLError OVERLOADED */
  function admit({ name }: Caller): () => void {
    const admitted = shedding.admit(name);
    if (admitted instanceof GraphQLError) throw admitted;
    return admitted;
  }

  function documentOf(
    { query, hash }: GraphqlRequest,
    mayRead: Admit,
  ): KnownDocument | Promise<KnownDocument> {
    if (hash === undefined) return documents.byText(query ?? '', mayRead);
    return query === undefined || query === ''
      ? documents.byHash(hash, mayRead)
      : documents.register(hash, query, mayRead);
  }

  async function showPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (graphiql === undefined)
      throw notAcceptable(
        'There is no page here: GraphQL is asked for JSON, with "Accept: application/json".',
      );
    await graphiql(request, response);
  }

  return async (arrived) => {
    const { request, response } = arrived;
    const form = negotiate(request.headers);
    try {
      if (request.method === 'GET' && isForPeople(request)) return await showPage(request, response);
      if (!METHODS.includes(request.method ?? ''))
        throw methodNotAllowed('GraphQL takes GET and POST.', METHODS.join(', '));
      await answer(arrived, form);
    } catch (error) {
      const errors =
        error instanceof DocumentErrors ? error.errors : error instanceof GraphQLError ? [error] : undefined;
      if (errors === undefined) throw error;
      const failure = failureOf(errors);
      const told = graphqlFailure(failure, (form ?? PLAIN).mediaType);
      await throwRestAway(request);
      if (!request.complete) told.headers['connection'] = 'close';
      sendFailure(response, told);
      conclude(arrived, { operation: 'refused', outcome: 'error', status: told.status, failure });
    }
  };
}

/** Why a document may not run: all that was found. */
class DocumentErrors extends Error {
  override name = 'DocumentErrors';
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('a document may not run');
    this.errors = errors;
  }
}

/** @throws GraphQLError */
async function readPost(request: IncomingMessage): Promise<string> {
  // A web page of another origin can send anything else without asking first.
  if (!/^application\/(json|graphql-response\+json)\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw unsupportedMediaType('Send the query as JSON, with content-type: application/json.');
  return (await readLimitedBody(request, HTTP_LIMITS.bodyBytes)).toString();
}

function queryOf(target: string): string {
  const at = target.indexOf('?');
  return at === -1 ? '' : target.slice(at + 1);
}

/** A browser that opens the address. */
function isForPeople({ headers, url = '' }: IncomingMessage): boolean {
  return /\btext\/html\b/.test(headers.accept ?? '') && !/[?&](query|extensions)=/.test(url);
}

/** @throws GraphQLError BAD_USER_INPUT where a document does not tell which operation is meant */
function operationOf({ operations }: KnownDocument, given: string | undefined): OperationFacts {
  // Scripts write nothing as `null`; an operation may be called so, too.
  const isNothing = given === 'null' && !operations.some((operation) => operation.name === given);
  const name = isNothing ? undefined : given;
  const isNamed = name !== undefined && name !== '';
  const found = isNamed
    ? operations.find((operation) => operation.name === name)
    : operations.length === 1
      ? operations[0]
      : undefined;
  if (found !== undefined) return found;
  if (operations.length === 0) throw badUserInput('The document has no operation, only fragments.');
  throw badUserInput(
    isNamed
      ? `The document has no operation ${quoted(name)}: operationName must be one of its operations.`
      : `The document has ${operations.length} operations: operationName must say which of them is meant.`,
  );
}

/** For metrics and the log, which hold one for each client that makes it up: longer ones are cut. */
const nameOf = ({ name = 'anonymous' }: OperationFacts): string =>
  name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
