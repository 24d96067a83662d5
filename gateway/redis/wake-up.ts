/** After a look that found nothing new, milliseconds without another: what was announced is not there, or polling finds it as soon. */
const IN_VAIN_MS = 500;

/**
 * Whoever can write to Redis can announce what they like, and as often: there is one look at a time, none for what is known, and none soon after
 * one in vain.
 * @param look never rejects for good: a failure is a look in vain
 */
export function createWakeUp({
  known,
  look,
  now = () => performance.now(),
}: {
  known: () => number;
  look: (sequence: number) => Promise<void>;
  now?: () => number;
}): (sequence: number) => void {
  let isLooking = false;
  /** Announced while there was a look. */
  let next = 0;
  let notBefore = -Infinity;

  async function lookUntilKnown(announced: number): Promise<void> {
    isLooking = true;
    for (let sequence = announced; sequence > known();) {
      const before = known();
      await look(sequence).catch(() => undefined);
      if (known() === before) {
        notBefore = now() + IN_VAIN_MS;
        break;
      }
      sequence = Math.max(sequence, next);
    }
    next = 0;
    isLooking = false;
  }

  return (sequence) => {
    if (sequence <= known() || now() < notBefore) return;
    next = Math.max(next, sequence);
    if (!isLooking) void lookUntilKnown(sequence);
  };
}
