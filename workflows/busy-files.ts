import { ApplicationFailure } from '@temporalio/workflow';

/** Files that an operator's request is changing right now: nothing of them may be started meanwhile. */
export class BusyFiles {
  readonly #busy = new Set<string>();
  readonly #underWay: () => readonly { filename: string }[];
  readonly #done: () => void;

  /**
   * @param underWay files that wait or are being ingested
   * @param done something was done to one
   */
  constructor(underWay: () => readonly { filename: string }[], done: () => void) {
    this.#underWay = underWay;
    this.#done = done;
  }

  has(filename: string): boolean {
    return this.#busy.has(filename);
  }

  /**
   * Keeps a file for itself while something is done to it.
   * @param what as in "x is being rolled back"
   * @throws ApplicationFailure `Conflict` while something else is done to it, or it is being ingested
   */
  async during<Answer>(filename: string, what: string, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#busy.has(filename))
      throw conflict(`${filename} is being changed by another request: ask again when that has ended`);
    if (this.#underWay().some((file) => file.filename === filename))
      throw conflict(`${filename} is being ingested right now: it can be ${what} when that has ended`);
    this.#busy.add(filename);
    try {
      return await work();
    } finally {
      this.#busy.delete(filename);
      this.#done();
    }
  }
}

function conflict(mistake: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(mistake, 'Conflict');
}
