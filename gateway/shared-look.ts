/** What changes all the time and elsewhere: one look for all who ask about the same thing within a second. */
import { LRUCache } from 'lru-cache';

/** Less than a second, so that who looks once a second sees something new each time. */
const MOST_AGE_MS = 900;
/** Files that are fetched at a time are some dozens. */
const MOST_THINGS = 1_000;

export interface SharedLook<Seen> {
  /** What is seen is for others too: change nothing in it. Rejects as the look does, for those who waited for it alone. */
  at(thing: string): Promise<Seen>;
  /** Something has changed: whoever asks from now on sees it, also while a look of before is under way. */
  forget(): void;
}

/**
 * @param look at a thing; its result is shown until it is 0.9 s old, counted from where the look began. A look that takes longer is joined for no
 * longer than that either: what it sees may be as old as it is.
 */
export function createSharedLook<Seen>(look: (thing: string) => Promise<Seen>): SharedLook<Seen> {
  /** `until` by `performance.now()`. */
  const looks = new LRUCache<string, { seen: Promise<Seen>; until: number }>({ max: MOST_THINGS });
  return {
    at(thing) {
      const now = performance.now();
      const held = looks.get(thing);
      if (held !== undefined && now < held.until) return held.seen;
      const begun = { seen: look(thing), until: now + MOST_AGE_MS };
      looks.set(thing, begun);
      begun.seen.catch(() => (begun.until = now));
      return begun.seen;
    },
    forget: () => looks.clear(),
  };
}
