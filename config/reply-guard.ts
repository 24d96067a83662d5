/** Is what a Redis says what the commands ask for? A server that talks nonsense is one that is away. */
import { FrameReader, type Frame } from './resp-frames.ts';

/** What came is no answer of Redis, or none to what was asked: nothing more that this connection says can be believed. */
export class NonsenseError extends Error {
  override name = 'NonsenseError';
}

interface Sent {
  name: string;
  /** Besides its name. */
  parameters: number;
  /** By the guard's clock. */
  atMs: number;
}

const STATUS = () => /^\+$/;
const NUMBER = () => /^:$/;
const SCRIPT = () => /^(:|\*::)$/;

/** The shapes of the replies that each command of ours can have, besides an error. */
const REPLIES: Readonly<Record<string, (parameters: number) => RegExp>> = {
  auth: STATUS,
  select: STATUS,
  ping: STATUS,
  info: () => /^\$$/,
  get: () => /^[$_]$/,
  mget: (parameters) => new RegExp(`^\\*[$_]{${parameters}}$`),
  // Null: with NX, where there is one.
  set: () => /^[+_]$/,
  // A number, or a budget's two.
  eval: SCRIPT,
  evalsha: SCRIPT,
  publish: NUMBER,
  subscribe: () => /^\*\$\$:$/,
};

/** A reply that takes longer, however many bytes come meanwhile, is none. Milliseconds; commands take less than one. */
const MOST_REPLY_MS = 5_000;

/** Watches one connection. ioredis throws where nobody can catch it when a reply fits no command, and holds what comes, however much. */
export class ReplyGuard {
  readonly #commands = new FrameReader();
  readonly #replies = new FrameReader();
  readonly #pending: Sent[] = [];
  readonly #now: () => number;
  #isSubscribed = false;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes note of what is sent. */
  sent(bytes: Buffer): void {
    for (const { name, shape } of this.#commands.read(bytes))
      this.#pending.push({ name, parameters: shape.length - 2, atMs: this.#now() });
  }

  /** @throws NonsenseError before anything of it is believed */
  received(bytes: Buffer): void {
    let frames;
    try {
      frames = this.#replies.read(bytes);
    } catch (error) {
      throw new NonsenseError(`this is not how Redis answers: ${(error as Error).message}`, { cause: error });
    }
    for (const frame of frames) this.#take(frame);
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#now() - oldest.atMs > MOST_REPLY_MS)
      throw new NonsenseError(`${oldest.name.toUpperCase()} was not answered within ${MOST_REPLY_MS} ms`);
  }

  #take({ shape, name }: Frame): void {
    if (this.#isSubscribed && shape === '*$$$' && name === 'message') return;
    const command = this.#pending.shift();
    if (command === undefined) throw new NonsenseError(`an answer (${shape}) to nothing that was asked`);
    const isSubscription = command.name === 'subscribe' && shape !== '-';
    const fits = shape === '-' || (REPLIES[command.name]?.(command.parameters).test(shape) ?? true);
    if (!fits || (isSubscription && name !== 'subscribe'))
      throw new NonsenseError(`${command.name.toUpperCase()} was answered with ${shape}`);
    if (isSubscription) this.#isSubscribed = true;
  }
}
