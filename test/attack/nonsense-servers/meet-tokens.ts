/** The issuer's keys: no token may be let in by what is no key, and none of it may keep a good one out for long. */
import type { Breach, Ledger } from '../ledger.ts';
import { until } from '../../support/until.ts';
import { ANY_HTTP, ANY_PROTOCOL, NO_JWKS } from './habits.ts';
import type { Switchboard } from './switchboard.ts';

/** Keys are asked for again after 10 s at the earliest, and an issuer has 5 s to answer. */
const ASKED_WITHIN_MS = 16_000;

export async function meetTokens({
  scenario,
  ledger,
  url,
  board,
  sign,
}: {
  scenario: string;
  ledger: Ledger;
  /** Of a gateway that trusts the issuer behind the board. */
  url: () => string;
  board: Switchboard;
  /** A good token that was not seen before. */
  sign: () => Promise<string>;
}): Promise<void> {
  const askWith = async (token: string): Promise<{ code: string | undefined; isLetIn: boolean }> => {
    const response = await fetch(`${url()}/graphql?query=%7Bp90%7Btrips%7D%7D`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(12_000),
    });
    const answer = (await response.json()) as {
      errors?: { extensions?: { code?: string } }[];
      code?: string;
    };
    return {
      code: answer.errors?.[0]?.extensions?.code ?? answer.code,
      isLetIn: response.status === 200 && answer.errors === undefined,
    };
  };
  for (const [name, habit] of Object.entries({ ...ANY_HTTP, ...ANY_PROTOCOL, ...NO_JWKS })) {
    board.become(habit);
    const breaches: Breach[] = [];
    try {
      await until(
        'the keys are asked for',
        async () => {
          const { code, isLetIn } = await askWith(await sign());
          if (isLetIn) breaches.push({ kind: 'read', what: 'a token was let in that nobody could check' });
          else if (code !== 'UNAUTHENTICATED' && code !== 'SERVICE_UNAVAILABLE')
            breaches.push({ kind: 'wrong answer', what: `its code is ${code}` });
          return board.met() > 0;
        },
        { deadlineMs: ASKED_WITHIN_MS, everyMs: 300 },
      );
    } catch (error) {
      breaches.push({ kind: 'stuck', what: String(error) });
    }
    ledger.note(scenario, `JWKS ${name}`, breaches);
  }
  board.become(undefined);
  const after = await until('a good token is let in', async () => (await askWith(await sign())).isLetIn, {
    everyMs: 500,
  }).then(
    () => [],
    (error: unknown): Breach[] => [{ kind: 'stuck', what: String(error) }],
  );
  ledger.note(scenario, 'JWKS after all of it', after);
}
