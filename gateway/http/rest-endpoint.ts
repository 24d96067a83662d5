/** Questions in an address: the operations, answers and cache of GraphQL, without its envelope. */
import { GraphQLError } from 'graphql';
import type { Access } from '../access/access.ts';
import { readingRefusal } from '../access/refusal.ts';
import type { Documents } from '../documents/documents.ts';
import { methodNotAllowed } from '../errors.ts';
import { throwRestAway } from '../limits/http-limits.ts';
import { requestUrl } from '../../config/http/request-url.ts';
import type { RestRoute } from '../rest/routes.ts';
import type { Answering } from './answering.ts';
import { sendFailure, type Arrived, type Conclude, type Exchange } from './exchange.ts';
import { failureOf, problemFailure } from './failure.ts';
import { PLAIN, type Negotiation } from './negotiation.ts';
import { untilGone } from './until-gone.ts';

const READING = ['GET', 'HEAD'];

export interface RestEndpoint {
  answer(route: RestRoute, arrived: Arrived): Promise<void>;
  /**
   * Runs what answers in its own way; a GraphQLError becomes problem+json, as long as nothing was sent.
   * @param methods that it takes; with others than GET and HEAD it says itself who may
   */
  guard(
    arrived: Arrived,
    { name, methods }: { name: string; methods?: readonly string[] },
    work: (exchange: Exchange) => Promise<void>,
  ): Promise<void>;
}

export function createRestEndpoint({
  access,
  documents,
  answering,
  negotiate,
  conclude,
}: {
  access: Access;
  documents: Documents;
  answering: Answering;
  negotiate: Negotiation;
  conclude: Conclude;
}): RestEndpoint {
  const guard: RestEndpoint['guard'] = async (arrived, { name, methods = READING }, work) => {
    const { request, response } = arrived;
    try {
      if (!methods.includes(request.method ?? ''))
        throw methodNotAllowed(`Use ${methods[0]}.`, methods.join(', '));
      const caller = await access.callerOf(request.headers, request.socket.remoteAddress);
      const refusal = methods === READING ? readingRefusal(caller) : undefined;
      if (refusal !== undefined) throw refusal;
      await work({ ...arrived, readAt: arrived.began, caller, gone: untilGone(response) });
    } catch (error) {
      if (!(error instanceof GraphQLError) || response.headersSent) throw error;
      const failure = failureOf([error]);
      const told = problemFailure(failure);
      await throwRestAway(request);
      if (!request.complete) told.headers['connection'] = 'close';
      sendFailure(response, told);
      conclude(arrived, { operation: name, outcome: 'error', status: told.status, failure });
    }
  };
  return {
    guard,
    answer(route, arrived) {
      const { request } = arrived;
      const name = `GET ${route.path}`;
      return guard(arrived, { name }, (exchange) => {
        const variables = route.variablesOf(requestUrl(request).searchParams);
        const document = documents.byText(route.document, () => undefined);
        const [facts] = document.operations;
        if (facts === undefined) throw new Error(`${route.path} is no operation`);
        return answering(exchange, {
          name,
          operation: { document, operationName: route.operationName, variables },
          facts,
          form: negotiate(request.headers) ?? PLAIN,
          shape: { id: 'rest', bodyOf: (data) => `${JSON.stringify(route.answerOf(data ?? {}))}\n` },
          failure: problemFailure,
          raw: request.url,
        });
      });
    },
  };
}
