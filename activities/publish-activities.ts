/** What the publisher does: nothing else writes to the log of publications. */
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import { condemnLoad, publishLoad, readLastSequence } from '../warehouse/loads.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

export function createPublishActivities({
  warehouse,
  announce,
}: {
  warehouse: Warehouse;
  /** Tells gateways that a sequence is published; they poll in any case. */
  announce: (sequence: number) => Promise<void>;
}) {
  return {
    async lastSequence(): Promise<number> {
      return readLastSequence(warehouse);
    },

    async publishAs(input: {
      sequence: number;
      load: VerifiedLoad;
    }): Promise<'published' | 'refused' | 'sequenceTaken'> {
      const outcome = await publishLoad(warehouse, input);
      if (outcome === 'published') await announce(input.sequence);
      return outcome;
    },

    async condemn(input: { loadId: string; source: string; filename: string }): Promise<void> {
      await condemnLoad(warehouse, input);
    },
  };
}
