import { isEngineTrouble, TIMEOUT_EXCEEDED } from '../warehouse/engine-trouble.ts';
import { ClickHouseError, WarehouseAnswerError } from '../warehouse/warehouse.ts';
import { timedOut, warehouseAway, warehouseForeign } from './errors.ts';

/**
 * What a client is told when the warehouse gave no answer.
 * @param isOver is the request's time?
 * @param advice what to do when it took too long
 * @returns a GraphQLError, TIMEOUT or SERVICE_UNAVAILABLE; the error itself where it is a mistake of ours
 */
export function warehouseTrouble(
  error: unknown,
  { isOver, requestTimeoutMs, advice }: { isOver: boolean; requestTimeoutMs: number; advice: string },
): unknown {
  const isTimeout = error instanceof ClickHouseError && error.code === TIMEOUT_EXCEEDED;
  if (isTimeout || isOver) return timedOut(`This took longer than ${requestTimeoutMs / 1000} s: ${advice}.`);
  if (error instanceof ClickHouseError && !isEngineTrouble(error)) return error;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  return error instanceof WarehouseAnswerError ? warehouseForeign() : warehouseAway();
}
