/** Which questions may go to ClickHouse, and when: budgets by estimated rows, and turns that are shared among clients. */
import { tooExpensive } from '../errors.ts';
import type { Patience } from '../scans/scans.ts';

/** What one request has cost so far; counted up by `scan`. */
export interface RequestCost {
  client: string;
  /** Trips. */
  rows: number;
}

export interface Admission {
  /**
   * Charges the request and its client, waits for a turn, and runs.
   * @param rows trips that it would read, by estimate
   * @throws GraphQLError TOO_EXPENSIVE, RATE_LIMITED or OVERLOADED; TIMEOUT is the asker's
   */
  scan<Value>(
    request: RequestCost,
    { rows, patience }: { rows: number; patience: Patience },
    work: () => Promise<Value>,
  ): Promise<Value>;
}

export function createAdmission({ budgetRows }: { budgetRows: number }): Admission {
  return {
    scan(request, { rows }, work) {
      request.rows += rows;
      if (request.rows > budgetRows) throw tooExpensive({ estimatedRows: request.rows, budgetRows });
      return work();
    },
  };
}
