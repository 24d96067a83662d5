/** What tells that something in Redis was put there, at that place, by a gateway of this deployment. */
import { createHmac, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';

const MAC_BYTES = 32;
/** Milliseconds that the clocks of gateways may differ, besides what is allowed anyway. */
const CLOCKS_MS = 8_000;

export interface Seal {
  /** A name that only those with the same secret find, so that others neither share a place nor disturb it. */
  nameOf(text: string): string;
  close(place: string, value: Buffer): Buffer;
  /** Undefined: not ours, changed, or of another place. */
  open(place: string, sealed: Buffer): Buffer | undefined;
  /** Says that it was made now. */
  stamp(place: string): Buffer;
  /** Was it made here or at another gateway, within so many milliseconds? */
  isFresh(place: string, stamp: Buffer, withinMs: number): boolean;
}

/**
 * @param secret all gateways of a deployment have it: the operator token. The key is made of it slowly, so that what lies in Redis does not help to
 * guess it.
 */
export function createSeal(secret: string, now: () => number = Date.now): Seal {
  const key = scryptSync(secret, 'tripline: answers in Redis', 32);
  const mac = (place: string, value: Buffer): Buffer =>
    createHmac('sha256', key).update(`${place}\n`).update(value).digest();

  function close(place: string, value: Buffer): Buffer {
    return Buffer.concat([mac(place, value), value]);
  }
  function open(place: string, sealed: Buffer): Buffer | undefined {
    if (sealed.length < MAC_BYTES) return undefined;
    const value = sealed.subarray(MAC_BYTES);
    return timingSafeEqual(mac(place, value), sealed.subarray(0, MAC_BYTES)) ? value : undefined;
  }
  return {
    nameOf: (text) => createHmac('sha256', key).update(`name\n${text}`).digest('base64url'),
    close,
    open,
    // No two are the same: a lock is released by its value.
    stamp: (place) => close(place, Buffer.from(`${now()} ${randomUUID()}`)),
    isFresh(place, stamp, withinMs) {
      const [madeAt] = open(place, stamp)?.toString().split(' ') ?? [];
      return madeAt !== undefined && Math.abs(now() - Number(madeAt)) <= withinMs + CLOCKS_MS;
    },
  };
}
