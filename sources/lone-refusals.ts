/**
 * Tells a file that its server refuses from a server that wants to be left alone: both say 403, and some say 429 or 503 for
 * one file.
 */
import { LRUCache } from 'lru-cache';
import { exchange, THROTTLING, type Exchange, type Patience } from './http-exchange.ts';
import type { RequestGate } from './request-gate.ts';
import { SourceError } from './source-error.ts';

export type AskAboutFile = (options: {
  url: string;
  method: 'GET' | 'HEAD';
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Never seen: a 403 is told as it is, and the caller finds out what it means. */
  unseen?: boolean | undefined;
}) => Promise<AnswerAboutFile>;

export interface AnswerAboutFile extends Exchange {
  /** The server complains, and not about this file alone. */
  throttled: boolean;
}

export interface AskingOptions {
  patience: Patience;
  gate: RequestGate | undefined;
  /**
   * Asks for something else of the same server.
   * @throws SourceError where that is refused too
   */
  control: (options: { url: string; signal: AbortSignal }) => Promise<void>;
}

const MOST_REMEMBERED = 20_000;

/**
 * A complaint about something that was answered before is believed, once; so is one that names a time. Any other one is doubted: something
 * else is asked for (`control`), which tells a server that complains, and then the same once more. Where that is answered, the
 * gate hears of the complaint now; where it is refused again, the refusal is the file's own, and the server's patience is not in question.
 */
export function createLoneRefusals({ patience, gate, control }: AskingOptions): AskAboutFile {
  /** By method and address: complaints since the last good answer; undefined where there was none yet. */
  const complaints = new LRUCache<string, number>({ max: MOST_REMEMBERED });

  return async function ask(options) {
    const { url, method, unseen, signal } = options;
    const key = `${method} ${url}`;
    const before = complaints.get(key);
    const doubts = (status: number, namesTime: boolean): boolean => {
      if (!THROTTLING.includes(status) || (namesTime && (before ?? 0) === 0)) return false;
      return status === 403 ? before !== 0 || unseen === true : before !== 0 && unseen !== true;
    };
    const isDoubted = ({ status, headers }: Exchange): boolean =>
      doubts(status, headers.get('retry-after') !== null);
    const heard = (answer: Exchange): AnswerAboutFile => {
      const throttled = THROTTLING.includes(answer.status) && !isDoubted(answer);
      if (answer.status < 300) complaints.set(key, 0);
      else if (throttled) complaints.set(key, (before ?? 0) + 1);
      return { ...answer, throttled };
    };
    const answer = await exchange({ ...options, patience, gate, doubts });
    // Many servers say 403 to HEAD alone: GET, which follows, decides.
    const isForCaller = unseen === true || (method === 'HEAD' && answer.status === 403);
    if (!isDoubted(answer) || isForCaller) return heard(answer);
    await answer.discard();
    await control({ url, signal });
    const again = await exchange({ ...options, patience, gate, doubts, afterComplaint: true });
    if (!isDoubted(again) || method === 'HEAD') return heard(again);
    await again.discard();
    const { status, shown } = again;
    throw new SourceError('refused', `${shown}: HTTP ${status}, while the source answers otherwise`, {
      status,
    });
  };
}
