import { expect, it } from 'vitest';
import { Flight } from './flight.ts';

/** Clients that wait, and what becomes of the computation's signal. */
function flightOf(clients: readonly AbortController[], { isWatched = true } = {}) {
  let land: (outcome: string) => void = () => undefined;
  let allGone = (): AbortSignal => new AbortController().signal;
  const [first = new AbortController(), ...others] = clients;
  const flight = new Flight(
    () => first.signal,
    (gone) => {
      allGone = gone;
      if (isWatched) gone();
      return new Promise<string>((resolve) => (land = resolve));
    },
  );
  const outcomes = [flight.outcome, ...others.map(({ signal }) => flight.join(() => signal))];
  return { outcomes, land: (outcome: string) => land(outcome), isGivenUp: () => allGone().aborted };
}
const clientsOf = (count: number) => Array.from({ length: count }, () => new AbortController());

it('gives all the same', async () => {
  const { outcomes, land } = flightOf(clientsOf(3));
  land('answer');
  expect(await Promise.all(outcomes)).toEqual(['answer', 'answer', 'answer']);
});

it.each([true, false])(
  'is given up when all are gone, and no sooner: watched from the start: %s',
  (isWatched) => {
    const clients = clientsOf(3);
    const { isGivenUp } = flightOf(clients, { isWatched });
    clients[0]!.abort();
    clients[0]!.abort();
    clients[2]!.abort();
    expect(isGivenUp()).toBe(false);
    clients[1]!.abort();
    expect(isGivenUp()).toBe(true);
  },
);

it('asks no client for a signal that nobody wants', () => {
  let asked = 0;
  const gone = (): AbortSignal => {
    asked += 1;
    return new AbortController().signal;
  };
  const flight = new Flight(gone, () => Promise.resolve('at once'));
  void flight.join(gone);
  expect(asked).toBe(0);
});

it('tells all of a failure', async () => {
  const flight = new Flight(
    () => new AbortController().signal,
    () => Promise.reject(new Error('broken')),
  );
  const joined = flight.join(() => new AbortController().signal);
  await expect(flight.outcome).rejects.toThrow('broken');
  await expect(joined).rejects.toThrow('broken');
});
