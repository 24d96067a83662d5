import { warehouseAway } from './errors.ts';
import type { LiveLoads } from './live-loads.ts';

/**
 * Before an answer is begun: nobody is answered from older publications than another process of this gateway did.
 * @throws GraphQLError SERVICE_UNAVAILABLE where they cannot be read
 */
export async function beCurrent({
  isBehind,
  catchUp,
}: Pick<LiveLoads, 'isBehind' | 'catchUp'>): Promise<void> {
  if (isBehind() && !(await catchUp())) throw warehouseAway();
}
