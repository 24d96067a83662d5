/** What changes all the time and elsewhere: one look for all who ask about the same thing within a second. */
import { LRUCache } from 'lru-cache';

/** Less than a second, so that who looks once a second sees something new each time. */
const MOST_AGE_MS = 900;
/** Nobody joins a look that has taken so long: it may hang, and the next one may not. */
const MOST_JOINED_MS = 3_000;
/** Files that are fetched at a time are some dozens. */
const MOST_THINGS = 1_000;

export interface SharedLook<Seen> {
  /** What is seen is for others too: change nothing in it. Rejects as the look does, for those who waited for it alone. */
  at(thing: string): Promise<Seen>;
  /** Something has changed: whoever asks from now on sees it, also while a look of before is under way. */
  forget(): void;
}

/** @param look at a thing; its result is shown until it is 0.9 s old, counted from where the look began */
export function createSharedLook<Seen>(look: (thing: string) => Promise<Seen>): SharedLook<Seen> {
  /** `until` by `performance.now()`. */
  const looks = new LRUCache<string, { seen: Promise<Seen>; until: number }>({ max: MOST_THINGS });
  return {
    at(thing) {
      const now = performance.now();
      const held = looks.get(thing);
      if (held !== undefined && now < held.until) return held.seen;
      const begun = { seen: look(thing), until: now + MOST_JOINED_MS };
      looks.set(thing, begun);
      begun.seen.then(
        () => (begun.until = now + MOST_AGE_MS),
        () => (begun.until = now),
      );
      return begun.seen;
    },
    forget: () => looks.clear(),
  };
}
