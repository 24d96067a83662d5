import { mistakeInBackfill } from './backfill-request.ts';

export interface ReconcileRequest {
  source: string;
  /** Mend what can be mended; without it, only say what differs. */
  repair?: boolean;
  /** Only files of these months, both included; `YYYY-MM`. */
  months?: { from: string; to: string };
}

/** Says what is wrong with a request that a person wrote, or undefined when nothing is. */
export function mistakeInReconcile(request: unknown): string | undefined {
  const example =
    'expected {"source": "yellow", "repair": true, "months": {"from": "2023-01", "to": "2023-06"}}';
  if (typeof request !== 'object' || request === null) return example;
  const { source, repair, months } = request as Record<string, unknown>;
  if (typeof source !== 'string' || source === '') return `"source" must be a name; ${example}`;
  if (repair !== undefined && typeof repair !== 'boolean') return '"repair" must be true or false';
  if (months === undefined) return undefined;
  const mistake = mistakeInBackfill(months);
  return mistake === undefined ? undefined : `"months": ${mistake}`;
}
