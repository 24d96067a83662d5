import { SourceError } from '../sources/source-error.ts';

/** Nonsense is believed after so many answers, and failures after so many between which the source did other things well. */
const BROKEN_TIMES = 3;
const FAILED_TIMES = 5;

export interface Faults {
  /** The source did something well. */
  answered(work?: string): void;
  /** @returns whether the fault is to be believed: the file's own, not that of a host that is down or under way */
  isLasting(work: string, error: unknown): boolean;
}

/**
 * Tells a file that the source never gives right from a host that is down for everything. Kept in the process: forgotten
 * with it, and counted by each worker for itself.
 */
export function createFaults(): Faults {
  let answers = 0;
  const seen = new Map<string, { times: number; answers: number }>();
  return {
    answered(work) {
      answers += 1;
      if (work !== undefined) seen.delete(work);
    },
    isLasting(work, error) {
      if (!(error instanceof SourceError)) return false;
      const { kind } = error;
      if (kind !== 'broken' && kind !== 'refused' && kind !== 'unavailable') return false;
      // A refusal was compared with another answer already.
      const isOwn = kind !== 'unavailable';
      const before = seen.get(work) ?? { times: 0, answers: -1 };
      const counts = isOwn || answers > before.answers;
      const times = before.times + (counts ? 1 : 0);
      seen.set(work, { times, answers });
      return times >= (isOwn ? BROKEN_TIMES : FAILED_TIMES);
    },
  };
}
