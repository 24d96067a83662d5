import type { ClickHouseError } from './warehouse.ts';

export const TIMEOUT_EXCEEDED = '159';
/** More memory than a statement, or all statements together, may take. */
export const MEMORY_LIMIT_EXCEEDED = '241';

/**
 * ClickHouse's codes for "not now": the engine's state is the cause, not the statement or the file.
 * https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
 */
const NOT_NOW: ReadonlySet<string> = new Set([
  TIMEOUT_EXCEEDED,
  MEMORY_LIMIT_EXCEEDED,
  '202', // TOO_MANY_SIMULTANEOUS_QUERIES
  '209', // SOCKET_TIMEOUT
  '210', // NETWORK_ERROR
  '236', // ABORTED
  '242', // TABLE_IS_READ_ONLY
  '243', // NOT_ENOUGH_SPACE
  '252', // TOO_MANY_PARTS
  '394', // QUERY_WAS_CANCELLED
  '473', // DEADLOCK_AVOIDED
  '198', // DNS_ERROR
  '499', // S3_ERROR: the lake does not answer
  '60', // UNKNOWN_TABLE: the migrations have not run
  '81', // UNKNOWN_DATABASE: nor has whoever makes it
  '497', // ACCESS_DENIED: what our user may do is for whoever runs the server
  '516', // AUTHENTICATION_FAILED: its password is being changed
]);

export function isEngineTrouble({ code }: ClickHouseError): boolean {
  return NOT_NOW.has(code);
}
