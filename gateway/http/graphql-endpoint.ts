/** `/graphql`: GraphQL over HTTP, with Apollo's persisted queries, server-sent events for subscriptions, and GraphiQL. */
import type { IncomingMessage } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { Access } from '../access/access.ts';
import { readingRefusal } from '../access/refusal.ts';
import { askingFor } from '../asking.ts';
import { createContext, type GatewayParts } from '../context.ts';
import type { Documents, KnownDocument } from '../documents/documents.ts';
import type { OperationFacts } from '../documents/operation-facts.ts';
import { badUserInput, methodNotAllowed, notAcceptable, unsupportedMediaType } from '../errors.ts';
import { HTTP_LIMITS, readLimitedBody } from '../limits/http-limits.ts';
import type { Answering } from './answering.ts';
import { sendFailure, type Arrived, type Conclude, type Exchange } from './exchange.ts';
import type { Executor, Operation } from './executor.ts';
import { failureOf, graphqlFailure } from './failure.ts';
import type { FastPath } from './fast-path.ts';
import { readBody, readQueryString, type GraphqlRequest } from './graphql-request.ts';
import { PLAIN, type Form, type Negotiation } from './negotiation.ts';
import { untilGone } from './until-gone.ts';

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
  answering,
  fastPath,
  negotiate,
  conclude,
}: {
  parts: GatewayParts;
  access: Access;
  documents: Documents;
  executor: Executor;
  answering: Answering;
  fastPath: FastPath;
  negotiate: Negotiation;
  conclude: Conclude;
}): GraphqlEndpoint {
  async function answer(arrived: Arrived, form: Form | undefined): Promise<void> {
    const { request, response, began } = arrived;
    const isPost = request.method === 'POST';
    const text = isPost ? await readPost(request) : (request.url ?? '');
    if (isPost && fastPath.answer(text, request, response, began)) return;
    const caller = await access.callerOf(request.headers, request.socket.remoteAddress);
    const refusal = readingRefusal(caller);
    if (refusal !== undefined) throw refusal;
    const exchange: Exchange = { ...arrived, caller, gone: untilGone(response) };
    const asked = isPost ? readBody(text) : readQueryString(queryOf(text));
    const document = await documentOf(asked);
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
      const asking = askingFor(exchange.gone, { ...parts, caller });
      await executor.stream(operation, {
        context: createContext(parts, { caller, asking }),
        request,
        response,
      });
      return conclude(exchange, { operation: nameOf(facts), outcome: 'none', status: response.statusCode });
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
      raw: asked.query !== undefined && asked.hash !== undefined ? undefined : text,
    });
  }

  function documentOf({ query, hash }: GraphqlRequest): KnownDocument | Promise<KnownDocument> {
    if (hash === undefined) return documents.byText(query ?? '');
    return query === undefined || query === '' ? documents.byHash(hash) : documents.register(hash, query);
  }

  return async (arrived) => {
    const { request, response } = arrived;
    const form = negotiate(request.headers);
    if (request.method === 'GET' && isForPeople(request)) return executor.graphiql(request, response);
    try {
      if (!METHODS.includes(request.method ?? ''))
        throw methodNotAllowed('GraphQL takes GET and POST.', METHODS.join(', '));
      await answer(arrived, form);
    } catch (error) {
      const errors =
        error instanceof DocumentErrors ? error.errors : error instanceof GraphQLError ? [error] : undefined;
      if (errors === undefined) throw error;
      const failure = failureOf(errors);
      const told = graphqlFailure(failure, (form ?? PLAIN).mediaType);
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

/** @throws GraphQLError BAD_USER_INPUT when it is not clear which one is meant */
function operationOf({ operations }: KnownDocument, asked: string | undefined): OperationFacts {
  const isNamed = asked !== undefined && asked !== '';
  const [meant, ...others] = isNamed ? operations.filter(({ name }) => name === asked) : operations;
  if (meant !== undefined && others.length === 0) return meant;
  const names = operations.map(({ name }) => name ?? 'one without a name').join(', ');
  throw badUserInput(
    isNamed
      ? `The document has no operation ${JSON.stringify(asked.slice(0, 100))}; it has ${names}.`
      : `The document has several operations: say by operationName which one is meant of ${names}.`,
  );
}

const nameOf = ({ name }: OperationFacts): string => name ?? 'anonymous';
