import { GraphQLError } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { createLoadShedding, type LoadShedding } from './load-shedding.ts';

const refusalOf = (answer: (() => void) | GraphQLError): string | undefined =>
  answer instanceof GraphQLError ? answer.message : undefined;

interface SimulatedClient {
  name: string;
  connections: number;
  /** How long it waits when it is refused, and when it is answered. */
  retryMs: number;
  pauseMs: number;
  answered: number;
  refused: number;
}
const client = (
  name: string,
  connections: number,
  { retryMs = 1_000, pauseMs = 0 } = {},
): SimulatedClient => ({
  name,
  connections,
  retryMs,
  pauseMs,
  answered: 0,
  refused: 0,
});

/**
 * An event loop that answers, each turn, whatever has arrived until then.
 * @param costMs of a question; turning one away takes 0.05
 * @returns the turns' lengths
 */
function run(
  shedding: LoadShedding,
  clients: readonly SimulatedClient[],
  { costMs, forMs }: { costMs: number; forMs: number },
): number[] {
  const asks = clients.flatMap((who) => Array.from({ length: who.connections }, () => ({ who, at: 0 })));
  const lengths: number[] = [];
  let due = 50;
  for (let now = 0; now < forMs;) {
    if (now >= due) {
      shedding.look(now - due);
      due = now + 50;
    }
    const began = now;
    for (const ask of asks) {
      if (ask.at > began) continue;
      const answer = shedding.admit(ask.who.name);
      if (answer instanceof GraphQLError) {
        now += 0.05;
        ask.who.refused += 1;
        ask.at = now + ask.who.retryMs;
      } else {
        now += costMs;
        ask.who.answered += 1;
        answer();
        ask.at = now + ask.who.pauseMs;
      }
    }
    now = Math.max(now, began + 1);
    lengths.push(now - began);
  }
  return lengths;
}

describe('when the event loop is late', () => {
  it('300 connections that ask as fast as they can are no reason', () => {
    const dashboards = client('a', 300);
    run(createLoadShedding(), [dashboards], { costMs: 0.2, forMs: 20_000 });
    expect(dashboards).toMatchObject({ refused: 0, answered: expect.closeTo(100_000, -4) });
  });

  it.each([
    ['that wait a second when they are refused', 1_000],
    ['that ask again at once', 0],
  ])('too many connections %s are turned away until it is in time', (_, retryMs) => {
    const shedding = createLoadShedding();
    const crowd = client('crowd', 500, { retryMs });
    const quiet = client('quiet', 1, { pauseMs: 200 });
    // Each turn would take a second.
    const lengths = run(shedding, [crowd, quiet], { costMs: 2, forMs: 30_000 });
    const settled = lengths.slice(Math.floor(lengths.length / 4)).toSorted((a, b) => a - b);
    expect(settled.at(Math.floor(settled.length * 0.99))).toBeLessThan(400);
    // It is still busy, with answers.
    expect(crowd.answered * 2).toBeGreaterThan(30_000 * 0.4);
    expect(quiet.refused).toBe(0);
    expect(quiet.answered).toBeGreaterThan(30);

    run(shedding, [client('after', 10)], { costMs: 0.2, forMs: 10_000 });
    const later = client('later', 300);
    run(shedding, [later], { costMs: 0.2, forMs: 5_000 });
    expect(later.refused).toBe(0);
  });

  it('clients share what it takes', () => {
    const clients = [client('a', 500, { retryMs: 0 }), client('b', 100, { retryMs: 0 })];
    const shedding = createLoadShedding();
    const answered = (): number[] => clients.map((each) => each.answered);
    run(shedding, clients, { costMs: 2, forMs: 10_000 });
    const before = answered();
    run(shedding, clients, { costMs: 2, forMs: 10_000 });
    const [a, b] = answered().map((count, index) => count - before[index]!);
    expect(a! / b!).toBeLessThan(1.5);
  });

  it('pauses are no reason, as long as it is in time between them', () => {
    const shedding = createLoadShedding();
    for (let look = 0; look < 100; look += 1) shedding.look(look % 3 === 0 ? 10 : 2_000);
    for (let question = 0; question < 1_000; question += 1)
      expect(refusalOf(shedding.admit('a'))).toBeUndefined();
  });

  it('says how late it is', () => {
    const shedding = createLoadShedding();
    for (let question = 0; question < 20; question += 1) refusalOf(shedding.admit('a'));
    for (const delayMs of [300, 290, 305]) shedding.look(delayMs);
    const answers = Array.from({ length: 11 }, () => shedding.admit('a'));
    expect(refusalOf(answers[10]!)).toBe(
      'The gateway was 290 ms late, and 150 ms are allowed: it takes 10 of your questions in 50 ms. Ask again in 1 s.',
    );
    expect((answers[10] as GraphQLError).extensions).toEqual({ code: 'OVERLOADED', retryAfterSeconds: 1 });
  });
});

describe('questions under way', () => {
  it('one client may hold as many as leave room for another', () => {
    const { admit } = createLoadShedding();
    const leave = Array.from({ length: 1_000 }, () => admit('a'));
    expect(leave.map(refusalOf)).not.toContainEqual(expect.anything());
    expect(refusalOf(admit('a'))).toBe(
      'You have 1000 questions under way, and 1000 are your share of what is allowed. Ask again in 1 s.',
    );
    for (let question = 0; question < 600; question += 1) expect(refusalOf(admit('b'))).toBeUndefined();
    // There are two now.
    (leave[0] as () => void)();
    expect(refusalOf(admit('a'))).toMatch(/^You have 999 questions under way, and 666 are your share/);
    expect(refusalOf(admit('c'))).toBeUndefined();
  });

  it('have an end', () => {
    const { admit } = createLoadShedding();
    for (let index = 0; index < 2_000; index += 1)
      expect(refusalOf(admit(`client ${index}`))).toBeUndefined();
    expect(refusalOf(admit('one more'))).toBe(
      'The gateway has 2000 questions under way, and 2000 are allowed. Ask again in 1 s.',
    );
  });
});

it('looks seldom once nobody has asked for long, and often again with the next question', () => {
  const { look, rests, admit, onAsked } = createLoadShedding();
  const asked = vi.fn<() => void>();
  onAsked(asked);
  for (let looks = 0; looks < 99; looks += 1) look(0);
  expect(rests()).toBe(false);
  look(0);
  expect(rests()).toBe(true);
  admit('a');
  expect(asked).toHaveBeenCalledTimes(1);
  look(0);
  expect(rests()).toBe(false);
});
