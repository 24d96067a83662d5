/** Makes a server know the persisted query and hold the answers, and looks at what it then says. */
import type { Range } from '../query/ranges.ts';
import { ask, type Answer } from './ask.ts';
import type { Request } from './load.ts';
import { persistedGet, registeringPost } from './question.ts';

/** A question that is answered from the cache. */
export interface Primed {
  range: Range;
  get: Request;
  answer: Answer;
  /** The same, by a client that has the answer already. */
  conditional: Request;
}

/** @throws Error when an answer is not a cached one: 200, an ETag, data without errors, the same bytes twice */
export async function prime(url: string, ranges: readonly Range[]): Promise<Primed[]> {
  const [first] = ranges;
  if (first !== undefined) answeredWell(await ask(url, registeringPost(first)));
  const primed: Primed[] = [];
  for (const range of ranges) {
    const get = persistedGet(range);
    const before = answeredWell(await ask(url, get));
    const answer = answeredWell(await ask(url, get));
    if (answer.etag === undefined || answer.etag !== before.etag || !answer.body.equals(before.body))
      throw new Error(`asked twice, ${url} gave ${show(before)} and ${show(answer)}`);
    primed.push({
      range,
      get,
      answer,
      conditional: { ...get, headers: { ...get.headers, 'if-none-match': answer.etag } },
    });
  }
  return primed;
}

/** @throws Error when it is not 200 with data and without errors */
export function answeredWell(answer: Answer): Answer {
  const { data, errors } = JSON.parse(answer.body.toString()) as { data?: unknown; errors?: unknown };
  if (answer.status !== 200 || data === undefined || errors !== undefined)
    throw new Error(`answered ${show(answer)}`);
  return answer;
}

const show = ({ status, headers, body }: Answer): string =>
  `${status}, ${headers.join(' ')}, ${body.toString()}`;
