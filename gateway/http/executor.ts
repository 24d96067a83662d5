/** Yoga: runs operations that were understood already, and streams subscriptions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createYoga, maskError, type Plugin } from 'graphql-yoga';
import type { Logger } from '../../config/logging.ts';
import type { GatewayContext } from '../context.ts';
import type { KnownDocument } from '../documents/documents.ts';
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
}

const OUR_FAULT = 'This is our fault. It is logged.';

/** What Yoga is given beside the request. */
interface ServerContext extends GatewayContext {
  operation: Operation;
}

/**
 * A piece of the schema at the end of a message. Yoga's executor has an option against it, as validation has, but what reads variables for it,
 * graphql-js' `coerceInputValue`, is not told.
 */
const SUGGESTION = / Did you mean (the enum value )?"\w+"(,? (or )?"\w+")*\?$/;

export function createExecutor({
  schema,
  introspection,
  logger,
}: {
  schema: GraphQLSchema;
  introspection: boolean;
  logger: Logger;
}): Executor {
  /** Everything before execution was done for the document once. */
  const understood: Plugin<ServerContext> = {
    // Yoga must never read a request itself: that would be past all limits, and past who may ask.
    onRequestParse({ serverContext, setRequestParser }) {
      const { operation } = serverContext as unknown as ServerContext;
      setRequestParser(() => paramsOf(operation));
    },
    onParse({ context, setParsedDocument }) {
      setParsedDocument(context.operation.document.ast);
    },
    onValidate({ setResult }) {
      setResult([]);
    },
  };
  const yoga = createYoga<ServerContext>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
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
        if (!introspection) masked.message = masked.message.replace(SUGGESTION, '');
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
