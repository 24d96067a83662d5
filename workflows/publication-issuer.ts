import type { PublishOutcome } from '../activities/publish-activities.ts';
import type { Change } from '../warehouse/loads.ts';
import { warehouseActivities } from './activity-options.ts';

export interface IssuerState {
  /** The last sequence that is taken: read back, or given up. */
  lastSequence?: number;
  /** The last one that was read back. Absent from older runs, and before the first publication: the log is asked then. */
  lastPublished?: number;
}

export interface Issued {
  sequence: number;
  published: boolean;
  /** Why not, where its bytes are counted (or were taken out) under another name. */
  duplicate?: string;
}

/** Issues sequences, one after the other: each publication names the last one that was read back. */
export class PublicationIssuer {
  #lastSequence: number | null;
  /** Undefined: the newest in the log. */
  #lastPublished: number | undefined;

  constructor({ lastSequence, lastPublished }: IssuerState) {
    this.#lastSequence = lastSequence ?? null;
    this.#lastPublished = lastPublished;
  }

  get lastSequence(): number | null {
    return this.#lastSequence;
  }

  state(): IssuerState {
    return {
      ...(this.#lastSequence === null ? {} : { lastSequence: this.#lastSequence }),
      ...(this.#lastPublished === undefined ? {} : { lastPublished: this.#lastPublished }),
    };
  }

  async begin(): Promise<void> {
    this.#lastSequence ??= await warehouseActivities.lastSequence();
  }

  /**
   * Publishes these changes under the next sequence, or condemns their loads.
   * @param accepted an operator wants an older load back
   */
  async issue(changes: Change[], { accepted = false } = {}): Promise<Issued> {
    const loads = changes.flatMap(({ load }) => load ?? []);
    let sequence = (this.#lastSequence ?? 0) + 1;
    let outcome: PublishOutcome;
    for (;;) {
      const previous = this.#lastPublished;
      outcome = await warehouseActivities.publishAs({
        sequence,
        changes,
        ...(previous === undefined ? {} : { previous }),
        ...(accepted ? { accepted } : {}),
      });
      // What takes files out alone cannot be wrong itself.
      if (outcome !== 'sequenceTaken' && (outcome !== 'refused' || loads.length > 0)) break;
      // The log is ahead of us (an earlier Temporal wrote it): go on from where it is.
      sequence = (await warehouseActivities.lastSequence()) + 1;
      this.#lastPublished = undefined;
    }
    this.#lastSequence = sequence;
    if (outcome === 'published') {
      this.#lastPublished = sequence;
      return { sequence, published: true };
    }
    const duplicate = typeof outcome === 'object' ? outcome.duplicate : undefined;
    const refused = { sequence, published: false, ...(duplicate === undefined ? {} : { duplicate }) };
    // An older load stays what it was: it may come back once the other file is not counted any more.
    if (accepted && duplicate !== undefined) return refused;
    // A late attempt must not publish them after all.
    for (const load of loads) await warehouseActivities.condemn(load);
    return refused;
  }
}
