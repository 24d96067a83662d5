/** From an operation to its answer: kept, computed once for all who wait for it, or, where it cannot be kept, computed. */
import { GraphQLError, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { AnswerCache, Computed } from '../cache/answer-cache.ts';
import { canonicalVariables } from '../cache/canonical-variables.ts';
import { askingFor } from '../asking.ts';
import { createContext, type GatewayParts } from '../context.ts';
import type { OperationFacts } from '../documents/operation-facts.ts';
import { beCurrent } from '../be-current.ts';
import type { LoadShedding } from '../limits/load-shedding.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { sendFailure, type Conclude, type Exchange } from './exchange.ts';
import type { Executor, Operation } from './executor.ts';
import { concernsOf, failureOf, type Failure, type FailureResponse } from './failure.ts';
import type { FastPath } from './fast-path.ts';
import type { Form } from './negotiation.ts';

export interface Asked {
  /** For metrics and the log. */
  name: string;
  operation: Operation;
  facts: OperationFacts;
  form: Form;
  /** How the data becomes the body; its id tells answers of one operation apart that are shaped otherwise. */
  shape: { id: string; bodyOf: (data: ExecutionResult['data']) => string };
  failure: (failure: Failure) => FailureResponse;
  /** The request as it came, where the same request asks the same always. */
  raw: string | undefined;
}

export type Answering = (exchange: Exchange, asked: Asked) => Promise<void>;

export function createAnswering({
  parts,
  cache,
  executor,
  shedding,
  writer,
  fastPath,
  conclude,
}: {
  parts: GatewayParts;
  cache: AnswerCache;
  executor: Executor;
  shedding: LoadShedding;
  writer: AnswerWriter;
  fastPath: FastPath;
  conclude: Conclude;
}): Answering {
  async function compute(
    { operation, shape }: Asked,
    { caller, readAt }: Exchange,
    gone: () => AbortSignal,
  ): Promise<Computed<Failure>> {
    const asking = askingFor(gone, { ...parts, caller, began: readAt });
    const fail = (failure: Failure): Computed<Failure> => ({
      reads: asking.reads,
      body: undefined,
      failure,
      concerns: concernsOf(failure),
    });
    const admitted = shedding.admit(caller.name);
    if (admitted instanceof GraphQLError) return fail(failureOf([admitted]));
    try {
      const { data, errors = [] } = await executor.run(operation, createContext(parts, { caller, asking }));
      if (errors.length > 0) return fail(failureOf(errors, data));
      return {
        reads: asking.reads,
        body: Buffer.from(shape.bodyOf(data)),
        failure: undefined,
        concerns: 'all',
      };
    } finally {
      admitted();
    }
  }

  function fail(exchange: Exchange, asked: Asked, failure: Failure): void {
    const told = asked.failure(failure);
    sendFailure(exchange.response, told);
    conclude(exchange, { operation: asked.name, outcome: 'error', status: told.status, failure });
  }

  return async (exchange, asked) => {
    await beCurrent(parts.liveLoads);
    const { request, response, readAt, caller, gone } = exchange;
    const { facts, operation, shape, form } = asked;
    if (!facts.isCached) {
      const { body, failure } = await compute(asked, exchange, gone);
      if (body === undefined) return fail(exchange, asked, failure ?? failureOf([]));
      response.writeHead(200, {
        'content-type': `${form.mediaType}; charset=utf-8`,
        'content-length': body.length,
        'cache-control': 'no-store',
      });
      response.end(body);
      const outcome = facts.kind === OperationTypeNode.MUTATION ? 'none' : 'uncached';
      return conclude(exchange, { operation: asked.name, outcome, status: 200 });
    }
    const variables = canonicalVariables(facts.variables, operation.variables);
    const key = [shape.id, operation.document.hash, facts.name ?? '', variables].join('\n');
    const { kept, failure, outcome } = await cache.answer<Failure>({
      key,
      isShared: facts.scans,
      client: caller.name,
      gone,
      compute: (allGone) => compute(asked, exchange, allGone),
      deadlineMs: () => parts.requestTimeoutMs - (performance.now() - readAt),
    });
    if (kept === undefined) return fail(exchange, asked, failure);
    const status = await writer.prepareAndWrite(request, response, kept, form);
    const { dataVersion } = kept;
    conclude(exchange, { operation: asked.name, outcome, status, dataVersion });
    if (asked.raw !== undefined) fastPath.remember(asked.raw, { key, operation: asked.name });
  };
}
