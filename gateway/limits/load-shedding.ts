/** Which questions are turned away when the process has too much to do, so that those it takes are answered in time. */
import type { GraphQLError } from 'graphql';
import { overloaded } from '../errors.ts';
import { createHolders } from './holders.ts';

/** Questions that wait for pages, ClickHouse or Temporal; each holds some kilobytes. */
const MOST_UNDER_WAY = 2_000;
/** How often the event loop is looked at, and how often after so many looks in which nobody asked. */
const LOOK_EVERY_MS = 50;
const REST_LOOK_EVERY_MS = 1_000;
const RESTS_AFTER_LOOKS = 100;
/** The shortest of so many delays in a row is one that stands: a pause to collect garbage, or one long series, is none. */
const LOOKS = 3;
/** 300 connections that ask as fast as they can cause 60 ms. */
const LATE_MS = 150;
/** Below this it takes more again. */
const CALM_MS = 75;
/** By how much less it takes at most, and at least, when it is late. */
const LESS = { most: 0.2, least: 0.8 };
/** Half as much again in a second: those who were turned away come back together. */
const MORE = 1.02;
const FEWEST_AT_A_TIME = 10;
/** So many in which nobody was turned away, and there is no limit any more: 3 s. */
const CALM_LOOKS = 60;

export interface LoadShedding {
  /**
   * May this question be computed?
   * @returns to be called when it is answered, or why not: OVERLOADED
   */
  admit(client: string): (() => void) | GraphQLError;
  /** @param delayMs how much later than it should the event loop came to this */
  look(delayMs: number): void;
  /** Nobody has asked for long: looks may be rare, until `asked` is called. */
  rests(): boolean;
  /** Calls this with each question. */
  onAsked(asked: () => void): void;
}

/**
 * Two limits. Questions under way: one client may hold as many as leave as much room for somebody else. And when the event loop is late: the
 * questions taken between looks, shared equally among the clients that ask; that number shrinks while it is late and grows when it is not.
 * Most answers are computed within one turn of the event loop, so that what waits does so in the sockets, where nobody can count it.
 */
export function createLoadShedding(): LoadShedding {
  const underWay = createHolders();
  const delays: number[] = [];
  /** When it last was. */
  let lateMs = 0;
  /** Infinity: as many as come. */
  let atATime = Infinity;
  let taken = 0;
  let turnedAway = false;
  let calmLooks = 0;
  let asking = new Map<string, number>();
  let askedBefore = 0;
  let idleLooks = 0;
  let tellAsked = (): void => undefined;

  function tooMuchUnderWay(client: string): string | undefined {
    const own = underWay.of(client);
    const share = Math.max(1, Math.floor(MOST_UNDER_WAY / (underWay.clients() + (own === 0 ? 2 : 1))));
    if (underWay.all() >= MOST_UNDER_WAY)
      return `The gateway has ${underWay.all()} questions under way, and ${MOST_UNDER_WAY} are allowed.`;
    if (own >= share)
      return `You have ${own} questions under way, and ${share} are your share of what is allowed.`;
    return undefined;
  }

  function tooLate(client: string): string | undefined {
    const own = asking.get(client) ?? 0;
    asking.set(client, own);
    const share = Math.max(1, Math.floor(atATime / Math.max(asking.size, askedBefore)));
    if (own < share) return undefined;
    turnedAway = true;
    return `The gateway was ${Math.round(lateMs)} ms late, and ${LATE_MS} ms are allowed: it takes ${share} of your questions in ${LOOK_EVERY_MS} ms.`;
  }

  return {
    admit(client) {
      tellAsked();
      const tooMuch = tooMuchUnderWay(client) ?? tooLate(client);
      if (tooMuch !== undefined) return overloaded(tooMuch, { retryAfterSeconds: 1 });
      asking.set(client, (asking.get(client) ?? 0) + 1);
      taken += 1;
      return underWay.enter(client);
    },

    look(delayMs) {
      delays.push(delayMs);
      if (delays.length > LOOKS) delays.shift();
      const standingMs = delays.length < LOOKS ? 0 : Math.min(...delays);
      if (standingMs > LATE_MS) {
        lateMs = standingMs;
        const less = Math.max(LESS.most, Math.min(LESS.least, CALM_MS / standingMs));
        atATime = Math.max(FEWEST_AT_A_TIME, Math.min(atATime, taken) * less);
        // It is to be seen first what that does.
        delays.length = 0;
        calmLooks = 0;
      } else {
        calmLooks = turnedAway ? 0 : calmLooks + 1;
        if (calmLooks >= CALM_LOOKS) atATime = Infinity;
        else if (Math.max(...delays) < CALM_MS) atATime *= MORE;
      }
      idleLooks = asking.size === 0 ? idleLooks + 1 : 0;
      taken = 0;
      turnedAway = false;
      askedBefore = asking.size;
      asking = new Map();
    },

    rests: () => idleLooks >= RESTS_AFTER_LOOKS && atATime === Infinity,
    onAsked: (asked) => void (tellAsked = asked),
  };
}

/** Looks at the event loop as long as the process runs. @returns stops it */
export function watchEventLoop({
  look,
  rests,
  onAsked,
}: Pick<LoadShedding, 'look' | 'rests' | 'onAsked'>): () => void {
  let due = 0;
  let resting = false;
  let timer: NodeJS.Timeout | undefined;
  function next(everyMs: number): void {
    clearTimeout(timer);
    due = performance.now() + everyMs;
    timer = setTimeout(() => {
      look(Math.max(0, performance.now() - due));
      resting = rests();
      next(resting ? REST_LOOK_EVERY_MS : LOOK_EVERY_MS);
    }, everyMs);
    timer.unref();
  }
  onAsked(() => {
    if (!resting) return;
    resting = false;
    next(LOOK_EVERY_MS);
  });
  next(LOOK_EVERY_MS);
  return () => clearTimeout(timer);
}
