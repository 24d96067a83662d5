/**
 * What should be counted, told plainly: files with their versions, what was published of each, and who holds what back. It knows nothing of loads, rows or
 * sequences.
 */

export interface Version {
  version: string;
  /** Which bytes. */
  content: string;
}

type State = 'PUBLISHED' | 'DUPLICATE' | 'OTHER_MONTH' | 'WITHDRAWN' | 'HELD_BACK' | 'GONE';

interface KnownFile {
  /** What the source shows or showed last, as far as it was looked at, and what became of it. */
  newest: Version & { state: State };
  /** Everything that was published and not rolled back, in its order; the last one counts unless the file is out. */
  published: (Version & { swept: boolean })[];
  isOut: boolean;
  isGone: boolean;
}

const monthIn = (text: string): string | undefined => /\d{4}-\d\d/.exec(text)?.[0];

export class PlainModel {
  readonly shown = new Map<string, Version>();
  readonly #files = new Map<string, KnownFile>();
  readonly #accepted = new Set<string>();
  readonly #onSourceDelete: 'keep' | 'withdraw';

  constructor(onSourceDelete: 'keep' | 'withdraw') {
    this.#onSourceDelete = onSourceDelete;
  }

  /** By name, what is counted. */
  counted(): Map<string, Version> {
    const live = new Map<string, Version>();
    for (const name of [...this.#files.keys()].toSorted()) {
      const counted = this.#live(name);
      if (counted !== undefined) live.set(name, counted);
    }
    return live;
  }

  states(): string[] {
    return [...this.#files].map(
      ([name, { newest, isGone }]) => `${name} ${newest.content} ${newest.state}${isGone ? ' gone' : ''}`,
    );
  }

  /** @param tookPlace where several have the same bytes, and any of them may be the one that is counted: is it this? */
  poll(tookPlace: (name: string) => boolean): void {
    for (let again = true; again;) {
      again = false;
      for (const [name, file] of this.#files) file.isGone = !this.shown.has(name);
      const changed = [...this.shown].filter(([name, { version }]) => {
        const file = this.#files.get(name);
        if (file === undefined || file.newest.version !== version) return true;
        if (file.newest.state === 'GONE') return true;
        return file.newest.state === 'DUPLICATE' && !this.#isHeld(file.newest.content);
      });
      const first = changed.filter(([name]) => tookPlace(name));
      for (const [name, version] of [...first, ...changed.filter((each) => !first.includes(each))])
        this.#ingest(name, version);
      again = changed.length > 0;
      if (changed.length === 0 && this.#onSourceDelete === 'withdraw') again = this.#withdrawGone();
    }
  }

  withdraw(name: string): 'done' | 'Conflict' | 'NotFound' {
    const file = this.#files.get(name);
    if (file === undefined) return 'NotFound';
    const live = this.#live(name);
    if (live === undefined) return 'Conflict';
    this.#takeOut(file, live, 'WITHDRAWN');
    return 'done';
  }

  accept(name: string): 'done' | 'Conflict' | 'NotFound' {
    const file = this.#files.get(name);
    if (file === undefined) return 'NotFound';
    const { newest } = file;
    if (newest.state === 'PUBLISHED') return 'Conflict';
    if (newest.state === 'DUPLICATE' && this.#doubled(name, newest, true) !== undefined) return 'Conflict';
    this.#accepted.add(newest.version + name);
    this.#ingest(name, newest);
    return 'done';
  }

  rollback(name: string): 'done' | 'Conflict' | 'NotFound' {
    const file = this.#files.get(name);
    if (file === undefined) return 'NotFound';
    const from = this.#live(name);
    const kept = file.published.filter(({ swept }) => !swept);
    const to = file.isOut ? file.published.at(-1) : kept.at(-2);
    if (to === undefined) return 'Conflict';
    if (to.swept) this.#accepted.add(to.version + name);
    if (this.#doubled(name, to, true) !== undefined) return 'Conflict';
    this.#takeThePlaceOfGone(name, to);
    if (to.swept) file.published.push({ ...to, swept: false });
    else file.published.splice(file.published.indexOf(to) + 1);
    file.isOut = false;
    if (from === undefined) this.#accepted.add(to.version + name);
    if (file.newest.version === to.version) file.newest.state = 'PUBLISHED';
    else if (from !== undefined && file.newest.version === from.version) file.newest.state = 'HELD_BACK';
    return 'done';
  }

  /** Forced, of every file with a month in its name. */
  backfill(): void {
    for (const [name, file] of this.#files) {
      const { newest } = file;
      const leftOut =
        ['WITHDRAWN', 'HELD_BACK'].includes(newest.state) || (newest.state === 'GONE' && file.isGone);
      if (monthIn(name) !== undefined && !leftOut) this.#ingest(name, newest);
    }
  }

  /** Everything that is not counted goes. */
  sweep(): void {
    for (const [name, file] of this.#files) {
      const live = this.#live(name);
      for (const load of file.published) if (load !== live) load.swept = true;
    }
  }

  #live(name: string): KnownFile['published'][number] | undefined {
    const file = this.#files.get(name);
    return file === undefined || file.isOut ? undefined : file.published.at(-1);
  }

  /** By a file that the source shows: counted there, or taken out by an operator. */
  #isHeld(content: string): boolean {
    return [...this.#files].some(
      ([name, { newest, isGone }]) =>
        !isGone &&
        (this.#live(name)?.content === content ||
          (['WITHDRAWN', 'HELD_BACK'].includes(newest.state) && newest.content === content)),
    );
  }

  /** @returns the other file that has these bytes */
  #doubled(name: string, { content, version }: Version, byOperator = false): string | undefined {
    if (this.#live(name)?.content === content) return undefined;
    const others = [...this.#files].filter(([other, { isGone }]) => other !== name && !isGone);
    const counted = others.find(([other]) => this.#live(other)?.content === content);
    if (counted !== undefined) return counted[0];
    if (byOperator || this.#accepted.has(version + name)) return undefined;
    return others.find(
      ([, { newest }]) => ['WITHDRAWN', 'HELD_BACK'].includes(newest.state) && newest.content === content,
    )?.[0];
  }

  #ingest(name: string, { version, content }: Version): void {
    const file = this.#files.get(name) ?? {
      newest: { version, content, state: 'PUBLISHED' },
      published: [],
      isOut: true,
      isGone: false,
    };
    this.#files.set(name, file);
    file.newest = { version, content, state: 'PUBLISHED' };
    const live = this.#live(name);
    const exempt = this.#accepted.has(version + name) || live?.version === version;
    const month = monthIn(name);
    if (this.#doubled(name, { version, content }) !== undefined) file.newest.state = 'DUPLICATE';
    else if (month !== undefined && month !== monthIn(content) && !exempt) file.newest.state = 'OTHER_MONTH';
    else {
      this.#takeThePlaceOfGone(name, { version, content });
      file.published.push({ version, content, swept: false });
      file.isOut = false;
    }
  }

  #takeThePlaceOfGone(name: string, { content }: Version): void {
    if (this.#live(name)?.content === content) return;
    for (const [other, file] of this.#files) {
      const live = this.#live(other);
      if (other !== name && file.isGone && live?.content === content) this.#takeOut(file, live, 'DUPLICATE');
    }
  }

  #takeOut(file: KnownFile, { version }: Version, state: State): void {
    file.isOut = true;
    if (file.newest.version === version) file.newest.state = state;
  }

  /** @returns whether any was */
  #withdrawGone(): boolean {
    const counted = [...this.counted()];
    const gone = counted.filter(
      ([name, { version }]) => this.#files.get(name)?.isGone === true && !this.#accepted.has(version + name),
    );
    if (this.shown.size === 0 || this.shown.size * 2 < counted.length) return false;
    for (const [name, live] of gone) this.#takeOut(this.#files.get(name) as KnownFile, live, 'GONE');
    return gone.length > 0;
  }
}
