/** Asks a gateway what DuckDB knows too, each time about a range that nobody has asked before, and judges what comes. */
import type { Breach } from '../ledger.ts';
import type { OracleAnswer } from '../../support/oracle.ts';

/** What an answer may say instead of being right. */
const TYPED = ['SERVICE_UNAVAILABLE', 'TIMEOUT', 'OVERLOADED', 'RATE_LIMITED'];
/** Longer than REQUEST_TIMEOUT_SECONDS by what a busy machine takes. */
const ANSWERED_WITHIN_MS = 12_000;

export interface KnownRange {
  from: string;
  to: string;
  right: OracleAnswer;
}

interface GraphqlAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

export interface Asker {
  /** Of one round of questions. Empty: each was answered rightly, or with a typed error. */
  judge: () => Promise<Breach[]>;
  /** Is everything answered, and right? */
  isRight: () => Promise<boolean>;
  /** What is not right now. */
  tell: () => Promise<string>;
}

/** @param ranges are used up, and then again */
export function createAsker({
  url,
  ranges,
  filenames,
}: {
  url: () => string;
  ranges: readonly KnownRange[];
  /** All published, in the listing of files. */
  filenames: readonly string[];
}): Asker {
  let next = 0;
  const range = (): KnownRange => {
    const one = ranges[(next += 1) % ranges.length];
    if (one === undefined) throw new Error('no ranges');
    return one;
  };

  async function ask(query: string): Promise<GraphqlAnswer> {
    const response = await fetch(`${url()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
    return (await response.json()) as GraphqlAnswer;
  }

  const differs = (found: unknown, right: unknown): string | undefined =>
    JSON.stringify(found) === JSON.stringify(right)
      ? undefined
      : `${JSON.stringify(found)} instead of ${JSON.stringify(right)}`;

  /** @returns what is wrong with its data */
  const questions: readonly (() => [string, (data: Record<string, unknown>) => string | undefined])[] = [
    () => {
      const { from, to, right } = range();
      return [
        `{ p90(pickup: { from: "${from}", to: "${to}" }) { value trips tripsOver } }`,
        ({ p90 }) => differs(p90, right),
      ];
    },
    () => {
      const { from, to, right } = range();
      return [
        `{ p90(pickup: { from: "${from}", to: "${to}" }, filter: { fareAmount: { min: 0 } }) { value trips tripsOver } }`,
        ({ p90 }) => differs(p90, right),
      ];
    },
    () => {
      const { from, to, right } = range();
      return [
        `{ tripsOverP90(pickup: { from: "${from}", to: "${to}" }, first: 1) { totalCount } }`,
        ({ tripsOverP90 }) => differs(tripsOverP90, { totalCount: right.tripsOver }),
      ];
    },
    () => [
      '{ files(first: 500) { nodes { filename stage } } }',
      ({ files }) => {
        const { nodes } = files as { nodes: { filename: string; stage: string }[] };
        const missing = filenames.filter(
          (name) => !nodes.some(({ filename, stage }) => filename === name && stage === 'PUBLISHED'),
        );
        return missing.length === 0 ? undefined : `${missing.length} files are not in the listing`;
      },
    ],
    () => [
      '{ source { paused problem } }',
      ({ source }) => {
        const { paused, problem } = source as { paused: boolean | null; problem: string | null };
        return (paused === false && problem === null) || problem !== null
          ? undefined
          : `paused is ${String(paused)} without a problem`;
      },
    ],
  ];

  async function judgeOne(
    query: string,
    wrong: (data: Record<string, unknown>) => string | undefined,
  ): Promise<{ isRight: boolean; breach?: Breach; said: string }> {
    const about = query.slice(0, 24);
    const breached = (kind: Breach['kind'], what: string) => {
      const breach = { kind, what: `${about}: ${what}` };
      return { isRight: false, breach, said: breach.what };
    };
    let answer: GraphqlAnswer;
    try {
      answer = await ask(query);
    } catch (error) {
      return breached('stuck', String(error));
    }
    const { data, errors = [] } = answer;
    const said = errors.map(({ message, extensions }) => `${extensions?.code}: ${message}`).join();
    if (errors.some(({ extensions }) => !TYPED.includes(extensions?.code ?? '')))
      return breached('wrong answer', said);
    if (errors.length > 0 || data === null || data === undefined)
      return { isRight: false, said: `${about}: ${said}` };
    const what = wrong(data);
    return what === undefined ? { isRight: true, said: '' } : breached('wrong answer', what);
  }

  const round = () => Promise.all(questions.map((make) => judgeOne(...make())));
  return {
    judge: async () => (await round()).flatMap(({ breach }) => breach ?? []),
    isRight: async () => (await round()).every(({ isRight }) => isRight),
    tell: async () => (await round()).flatMap(({ isRight, said }) => (isRight ? [] : [said])).join('; '),
  };
}
