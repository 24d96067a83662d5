/** What the publisher does: nothing else writes to the log of publications. */
import { isAccepted } from '../warehouse/accepted-versions.ts';
import { duplicateMessage, judgeContent, readContent, readSameContent } from '../warehouse/file-contents.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import {
  condemnLoad,
  holdsChanges,
  NO_LOAD,
  publish,
  readLastSequence,
  readPublication,
  type Change,
} from '../warehouse/loads.ts';
import { recordOut } from '../warehouse/record-out.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

export type PublishOutcome =
  | 'published'
  | 'refused'
  | 'sequenceTaken'
  /** Its bytes are counted, or were taken out, under another name; in words. */
  | { duplicate: string };

export interface PublishInput {
  sequence: number;
  /** The publication before; by default the newest in the log. */
  previous?: number;
  changes?: Change[];
  /** An operator wants it: what was taken out under another name does not hold it back. */
  accepted?: boolean;
  /** Older publishers give the only change so. */
  load?: VerifiedLoad;
}

export function createPublishActivities({
  warehouse,
  announce,
  now,
}: {
  warehouse: Warehouse;
  /** Tells gateways that a sequence is published; they poll in any case. */
  announce: (sequence: number) => Promise<void>;
  now: () => number;
}) {
  /**
   * The files that a load takes the place of, as it has their bytes and they are gone; or why it is not published. Only the publisher may judge this: two
   * copies that are loaded side by side come to it one after the other.
   */
  async function judged(
    load: VerifiedLoad,
    accepted: boolean,
  ): Promise<{ renamed: Change[] } | { duplicate: string }> {
    const { source, filename, version } = load;
    const sha256 = await readContent(warehouse, { source, filename, version });
    if (sha256 === undefined) return { renamed: [] };
    const judgement = judgeContent(load, await readSameContent(warehouse, { source, sha256 }), {
      accepted: accepted || (await isAccepted(warehouse, { source, filename, version })),
    });
    if (judgement.kind === 'duplicate') return { duplicate: duplicateMessage(judgement) };
    return {
      renamed: judgement.renamed.map((gone) => ({
        source,
        filename: gone.filename,
        load: null,
        withdrawnVersion: gone.version,
      })),
    };
  }

  /** Records, in `files`, the files whose place another one took. */
  async function recordRenames(sequence: number, given: readonly Change[]): Promise<void> {
    const successor = given.find(({ load }) => load !== null);
    if (successor === undefined) return;
    for (const { source, filename, version, load_id } of await readPublication(warehouse, sequence)) {
      const isOurs = given.some((change) => change.filename === filename && change.source === source);
      if (isOurs || load_id !== NO_LOAD) continue;
      const reason = `DUPLICATE: ${duplicateMessage({ of: successor.filename, isHeld: false })}, published as ${sequence}: it took its place when this name was gone at the source`;
      await recordOut(warehouse, { source, filename, version, reason, now: now() });
    }
  }

  return {
    async lastSequence(): Promise<number> {
      return readLastSequence(warehouse);
    },

    /** The changes as one publication, with those that follow from the bytes of a load. */
    async publishAs({
      sequence,
      previous,
      load,
      changes = [],
      accepted = false,
    }: PublishInput): Promise<PublishOutcome> {
      const given = load === undefined ? changes : [{ source: load.source, filename: load.filename, load }];
      const done = async (): Promise<'published'> => {
        await recordRenames(sequence, given);
        await announce(sequence);
        return 'published';
      };
      // Before anything is judged: an earlier attempt of this may have published it already.
      const there = await readPublication(warehouse, sequence);
      if (there.length > 0) return holdsChanges(there, given) ? done() : 'sequenceTaken';
      const all = [...given];
      for (const change of given) {
        if (change.load === null) continue;
        const judgement = await judged(change.load, accepted);
        if ('duplicate' in judgement) return judgement;
        all.push(
          ...judgement.renamed.filter(({ filename }) => all.every((one) => one.filename !== filename)),
        );
      }
      const before = previous === undefined ? {} : { previous };
      const outcome = await publish(warehouse, { sequence, changes: all, ...before });
      return outcome === 'published' ? done() : outcome;
    },

    async condemn(input: { loadId: string; source: string; filename: string }): Promise<void> {
      await condemnLoad(warehouse, input);
    },
  };
}
