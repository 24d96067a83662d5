/** Messages that a workflow could not understand: the newest of the last hour, small enough to be carried over. */

export interface Mistake {
  /** Milliseconds since 1970. */
  atMs: number;
  text: string;
}
/** Older runs kept texts alone. */
export type MistakeLog = readonly (Mistake | string)[];

const KEPT = 20;
const KEPT_MS = 3_600_000;

export function withMistake(log: MistakeLog, mistake: Mistake): MistakeLog {
  return [...log, mistake].slice(-KEPT);
}

/** The log as a new run takes it over: what has no time is of now. */
export function timedMistakes(log: MistakeLog, nowMs: number): Mistake[] {
  return log.map((each) => (typeof each === 'string' ? { atMs: nowMs, text: each } : each));
}

/** What people are told, newest last. Whoever made an older mistake has seen it by now, or finds it in the worker's log. */
export function recentMistakes(log: MistakeLog, nowMs: number): string[] {
  return timedMistakes(log, nowMs)
    .filter(({ atMs }) => nowMs - atMs < KEPT_MS)
    .map(({ text }) => text);
}
