/** One schedule: what is done at random, to the whole system and to the plain model, and what is compared after each step. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { followLiveLoads } from '../../gateway/live-loads.ts';
import type { Snapshot } from '../../gateway/load-log.ts';
import { parseLevel } from '../../gateway/ladder/level.ts';
import { closeRange } from '../../gateway/percentile/pickup-range.ts';
import { asking, createTestAnswers } from '../support/answers.ts';
import { until } from '../support/until.ts';
import type { ShownFile } from './memory-source.ts';
import type { PlainModel, Version } from './plain-model.ts';
import type { WholeSystem } from './whole-system.ts';

const NAMES = ['a 2022-03', 'b 2022-03', 'c 2022-04', 'd 2022-04', 'e', 'f'].map((name) => `${name}.parquet`);
/** By the month of their trips. */
export const CONTENTS = ['2022-03 0', '2022-03 1', '2022-03 2', '2022-04 3', '2022-04 4'];

type Counted = ReadonlyMap<string, Version>;
const versionsOf = (counted: Counted): string[] =>
  [...counted].map(([name, { version }]) => `${name} ${version}`).toSorted();
const liveOf = ({ liveByFile }: Snapshot): string[] =>
  [...liveByFile.values()].map(({ filename, version }) => `${filename} ${version}`).toSorted();

export class Schedule {
  readonly #system: WholeSystem;
  readonly #shown: Map<string, ShownFile>;
  readonly #contents: string;
  readonly #distances: ReadonlyMap<string, number[]>;
  readonly #model: PlainModel;
  readonly #random: () => number;
  /** What was counted after a sequence; the last one of each step. */
  readonly #history = new Map<number, Counted>();
  readonly done: string[] = [];
  #versions = 0;
  #lastSequence = 0;
  #sweptUpTo = 0;

  constructor(options: {
    system: WholeSystem;
    shown: Map<string, ShownFile>;
    contents: string;
    distances: ReadonlyMap<string, number[]>;
    model: PlainModel;
    random: () => number;
  }) {
    this.#system = options.system;
    this.#shown = options.shown;
    this.#contents = options.contents;
    this.#distances = options.distances;
    this.#model = options.model;
    this.#random = options.random;
  }

  async step(): Promise<void> {
    const before = this.#model.counted();
    await this.#act();
    const snapshot = await this.#system.liveLoads.refresh();
    const counted = this.#model.counted();
    this.#same(liveOf(snapshot), versionsOf(counted));
    this.#history.set(snapshot.sequence, counted);
    await this.#checkAnswer(undefined, counted);
    if (snapshot.sequence === this.#lastSequence) this.#same(versionsOf(counted), versionsOf(before));
    this.#checkDataVersion(snapshot, before, counted);
    const past = this.#pick([...this.#history.keys()]);
    await this.#checkAnswer(past, this.#history.get(past) ?? new Map());
    this.#lastSequence = snapshot.sequence;
  }

  /** A reader that begins now sees the same, at every data version. */
  async checkAll(): Promise<void> {
    const fresh = followLiveLoads({
      warehouse: this.#system.warehouse,
      source: 'yellow',
      logger: pino({ level: 'silent' }),
      pollEveryMs: 86_400_000,
    });
    await until('it has read', () => fresh.current() !== undefined);
    for (const [sequence, counted] of this.#history) {
      const then = sequence === 0 ? undefined : fresh.at(sequence);
      const live = then === undefined ? [] : liveOf(then);
      this.#same({ sequence, live }, { sequence, live: versionsOf(counted) });
    }
    fresh.stop();
  }

  async #act(): Promise<void> {
    const dice = this.#random();
    const name = this.#pick(NAMES);
    const shown = [...this.#shown.keys()];
    if (dice < 0.2) return this.#change(`put`, () => this.#put(name, this.#pick(CONTENTS)));
    if (dice < 0.35 && shown.length > 0) {
      const from = this.#pick(shown);
      const { content } = this.#model.shown.get(from) as Version;
      return this.#change(`copy ${from}`, () => this.#put(name, content));
    }
    if (dice < 0.45 && shown.length > 0) return this.#rename(this.#pick(shown), name);
    if (dice < 0.55 && shown.length > 0) {
      const gone = this.#pick(shown);
      return this.#change(`delete ${gone}`, () => this.#remove(gone));
    }
    if (dice < 0.67) return this.#update('withdraw', name);
    if (dice < 0.77) return this.#update('accept', name);
    if (dice < 0.9) return this.#update('rollback', name);
    if (dice < 0.95) {
      this.done.push('backfill');
      await this.#system.backfill();
      this.#model.backfill();
      return this.#poll();
    }
    this.done.push('sweep');
    await this.#system.sweep();
    this.#model.sweep();
    this.#sweptUpTo = this.#lastSequence;
  }

  #put(name: string, content: string): void {
    const version = `v${(this.#versions += 1)}`;
    this.#shown.set(name, { version, path: join(this.#contents, content) });
    this.#model.shown.set(name, { version, content });
    this.done.push(`  ${name} = ${content} as ${version}`);
  }

  #remove(name: string): void {
    this.#shown.delete(name);
    this.#model.shown.delete(name);
  }

  #rename(from: string, to: string): Promise<void> {
    return this.#change(`rename ${from} to ${to}`, () => {
      const [file, version] = [this.#shown.get(from) as ShownFile, this.#model.shown.get(from) as Version];
      this.#remove(from);
      this.#shown.set(to, file);
      this.#model.shown.set(to, version);
    });
  }

  async #change(what: string, change: () => void): Promise<void> {
    this.done.push(what);
    change();
    await this.#poll();
  }

  async #update(what: 'withdraw' | 'accept' | 'rollback', name: string): Promise<void> {
    const expected = this.#model[what](name);
    this.done.push(`${what} ${name}: ${expected}`);
    this.#same(await this.#system.update(what, name), expected);
    await this.#poll();
  }

  async #poll(): Promise<void> {
    await this.#system.poll();
    const live = liveOf(await this.#system.liveLoads.refresh());
    this.#model.poll((name) => live.includes(`${name} ${this.#model.shown.get(name)?.version}`));
  }

  /** @param asOf whose loads may be gone when there was a sweep since */
  async #checkAnswer(asOf: number | undefined, counted: Counted): Promise<void> {
    const sorted = [...counted.values()]
      .flatMap(({ content }) => this.#distances.get(content) ?? [])
      .toSorted((one, other) => one - other);
    const value = sorted[Math.floor((9 * sorted.length + 9) / 10) - 1] ?? null;
    // Nothing in memory: what was swept is gone.
    const answers = createTestAnswers({
      warehouse: this.#system.warehouse,
      liveLoads: this.#system.liveLoads,
    });
    const question = { levels: [parseLevel(0.9)], span: closeRange({}), interpolate: false };
    try {
      const [answer] = await answers.percentiles({ ...question, asOf }, asking());
      const found = { asOf, trips: answer?.trips, value: answer?.value };
      this.#same(found, { asOf, trips: sorted.length, value });
    } catch (error) {
      const isGone = error instanceof GraphQLError && error.extensions['code'] === 'GONE';
      if (!isGone || asOf === undefined || asOf >= this.#sweptUpTo) throw error;
    }
  }

  /** It rises exactly where something is counted otherwise, or where something was published again. */
  #checkDataVersion(snapshot: Snapshot, before: Counted, after: Counted): void {
    const was = this.#system.liveLoads.at(this.#lastSequence);
    for (const month of ['2022-03', '2022-04']) {
      const from = BigInt(Date.parse(`${month}-01`)) * 1_000n;
      const span = { from, to: from + 30n * 86_400_000_000n };
      const contents = (counted: Counted): string[] =>
        [...counted].flatMap(([name, { content }]) => (content.startsWith(month) ? [name + content] : []));
      const isSame = contents(before).toSorted().join() === contents(after).toSorted().join();
      const versions = [was?.versionOf(span) ?? 0, snapshot.versionOf(span)] as const;
      const isRight = isSame ? versions[1] >= versions[0] : versions[1] > versions[0];
      ok(isRight, `data versions of ${month}: ${versions.join(', then ')}\n${this.#story()}`);
    }
  }

  #same(found: unknown, expected: unknown): void {
    const told = `${JSON.stringify(found)}, not ${JSON.stringify(expected)}\n${this.#story()}`;
    deepStrictEqual(found, expected, told);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  #story(): string {
    return `${this.done.slice(-40).join('\n')}\n${this.#model.states().join('\n')}`;
  }
}
