/** One computation that several requests wait for. It is given up when all of them are gone. */

export class Flight<Outcome> {
  readonly outcome: Promise<Outcome>;
  readonly #waiting: (() => AbortSignal)[] = [];
  #controller: AbortController | undefined;
  #left = 0;

  /** @param compute gets the signal of all being gone; most need none, so it is made when it is asked for */
  constructor(gone: () => AbortSignal, compute: (allGone: () => AbortSignal) => Promise<Outcome>) {
    this.#waiting.push(gone);
    this.outcome = compute(() => this.#signal());
  }

  join(gone: () => AbortSignal): Promise<Outcome> {
    this.#waiting.push(gone);
    if (this.#controller !== undefined) this.#watch(gone());
    return this.outcome;
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      for (const gone of this.#waiting) this.#watch(gone());
    }
    return this.#controller.signal;
  }

  #watch(gone: AbortSignal): void {
    const leave = (): void => {
      this.#left += 1;
      if (this.#left === this.#waiting.length) this.#controller?.abort();
    };
    if (gone.aborted) leave();
    else gone.addEventListener('abort', leave, { once: true });
  }
}
