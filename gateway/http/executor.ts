/** Yoga: runs operations that were understood already, and streams subscriptions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createYoga, maskError, type Plugin } from 'graphql-yoga';
import type { Logger } from '../../config/logging.ts';
import type { GatewayContext } from '../context.ts';
import type { KnownDocument } from '../documents/documents.ts';
import { notAcceptable } from '../errors.ts';
import { giveCode } from './failure.ts';

export interface Operation {
  document: KnownDocument;
  operationName: string | undefined;
  variables: Readonly<Record<string, unknown>>;
}

export interface Executor {
  /** Errors are masked: what is not meant for clients is logged, and told as `Unexpected error.` */
  run(operation: Operation, context: GatewayContext): Promise<ExecutionResult>;
  /** Answers by server-sent events. */
  stream(
    operation: Operation,
    {
      context,
      request,
      response,
    }: { context: GatewayContext; request: IncomingMessage; response: ServerResponse },
  ): Promise<void>;
  /** The page for people who write queries. @throws GraphQLError NOT_ACCEPTABLE where it is switched off */
  graphiql(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** What GraphiQL begins with. */
const FIRST_QUERY = `# The p90 of everything that is published, and what there is of it.
{
  p90 {
    value
    trips
    tripsOver
    dataThrough
  }
  source {
    name
    files {
      stage
      count
    }
  }
}
`;
const OUR_FAULT = 'This is our fault. It is logged.';

/** What Yoga is given beside the request. */
interface ServerContext extends GatewayContext {
  operation: Operation;
}

export function createExecutor({
  schema,
  graphiql,
  logger,
}: {
  schema: GraphQLSchema;
  graphiql: boolean;
  logger: Logger;
}): Executor {
  /** Everything before execution was done for the document once. */
  const understood: Plugin<Partial<ServerContext>> = {
    onRequestParse({ serverContext, setRequestParser }) {
      const { operation } = serverContext as Partial<ServerContext>;
      setRequestParser(() => {
        // Yoga must never read a request itself: that would be past all limits, and past who may ask.
        if (operation === undefined) throw notAcceptable('There is a page here, and nothing else.');
        return paramsOf(operation);
      });
    },
    onParse({ context, setParsedDocument }) {
      const { ast } = context.operation?.document ?? {};
      if (ast !== undefined) setParsedDocument(ast);
    },
    onValidate({ context, setResult }) {
      if ((context as Partial<ServerContext>).operation !== undefined) setResult([]);
    },
  };
  const yoga = createYoga<Partial<ServerContext>>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: graphiql && { title: 'Tripline', defaultQuery: FIRST_QUERY },
    // The page has all that it needs with it.
    renderGraphiQL,
    landingPage: false,
    batching: false,
    cors: false,
    parserAndValidationCache: false,
    // Whatever NODE_ENV says: stacks and statements are for the log.
    maskedErrors: {
      isDev: false,
      errorMessage: OUR_FAULT,
      maskError(error, message) {
        const masked = maskError(error, message, false);
        if (!(masked instanceof GraphQLError)) return masked;
        giveCode(masked);
        // A value of ours that fits no type comes from graphql-js, as what clients should know does.
        const isOurs = masked === error && masked.extensions['code'] === 'INTERNAL_SERVER_ERROR';
        if (!isOurs) return masked;
        const { nodes = null, path = null, extensions } = masked;
        return new GraphQLError(message, { nodes, path, extensions });
      },
    },
    plugins: [understood],
    logging: {
      debug: () => undefined,
      info: () => undefined,
      warn: (...what: unknown[]) => logger.warn(what.map(String).join(' ')),
      error: (...what: unknown[]) => logger.error(what.map(String).join(' ')),
    },
  });
  return {
    async run(operation, context) {
      const { document, operationName, variables } = operation;
      const serverContext: ServerContext = { ...context, operation };
      const result = await yoga.getResultForParams(
        {
          params: paramsOf({ document, operationName, variables }),
          request: undefined as unknown as Request,
        },
        serverContext,
      );
      if (Array.isArray(result) || !isResult(result))
        throw new TypeError('this operation gives no single result');
      return result;
    },
    async stream(operation, { context, request, response }) {
      await yoga(withOwnAddress(request), response, { ...context, operation });
    },
    async graphiql(request, response) {
      if (!graphiql)
        throw notAcceptable(
          'There is no page here: GraphQL is asked for JSON, with "Accept: application/json".',
        );
      await yoga(withOwnAddress(request), response);
    },
  };
}

/** Yoga reads the address of a request, of which a client can write anything that is no address, and tells of that with a stack. */
function withOwnAddress(request: IncomingMessage): IncomingMessage {
  request.url = '/graphql';
  request.headers.host = 'gateway';
  return request;
}

const paramsOf = ({ document, operationName, variables }: Operation) => ({
  query: document.text,
  ...(operationName === undefined ? {} : { operationName }),
  variables: { ...variables },
});

function isResult(result: unknown): result is ExecutionResult {
  return typeof result === 'object' && result !== null && !(Symbol.asyncIterator in result);
}
