const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
const LONGEST_ID = 100;

/**
 * Signals come from people and scripts: says what is wrong with a backfill request, or undefined when nothing is.
 */
export function mistakeInBackfill(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null) return 'expected {"from": "2023-01", "to": "2023-06"}';
  const { from, to, force, id } = request as Record<string, unknown>;
  if (typeof from !== 'string' || !MONTH.test(from)) return '"from" must be a month, as in "2023-01"';
  if (typeof to !== 'string' || !MONTH.test(to)) return '"to" must be a month, as in "2023-06"';
  if (from > to) return '"from" is after "to"';
  if (force !== undefined && typeof force !== 'boolean') return '"force" must be true or false';
  if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > LONGEST_ID))
    return `"id" must be a text of 1 to ${LONGEST_ID} characters`;
  return undefined;
}
