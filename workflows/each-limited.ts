/**
 * Runs `task` for every item, at most `limit` at the same time; the first failure fails the whole.
 * @param settles on a failure: true lets what runs come to its end first, and begins nothing more
 */
export async function eachLimited<Item>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<void>,
  settles: () => boolean = () => false,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const item = items[next] as Item; // next < items.length
      next += 1;
      try {
        await task(item);
      } catch (error) {
        if (!settles()) throw error;
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}
