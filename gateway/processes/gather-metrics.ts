import type { Registry } from 'prom-client';
import {
  ALL,
  ALL_WANTED,
  OWN,
  OWN_WANTED,
  type AllMetrics,
  type MetricsQuestion,
  type OwnMetrics,
  type OwnMetricsQuestion,
} from './metrics-messages.ts';

/** More than the primary has with the others. */
const PATIENCE_MS = 6_000;

/**
 * @param slot of this process; undefined: it is the gateway by itself
 * @returns what gives the metrics of all processes of this gateway, in Prometheus' text format; undefined when one of them does not answer
 */
export function gatherMetrics(
  registry: Registry,
  slot: number | undefined,
): () => Promise<string | undefined> {
  if (slot === undefined) return () => registry.metrics();
  // Series of its own: a sum over processes would fall when one ends, and that is to Prometheus a counter that began anew.
  registry.setDefaultLabels({ process: String(slot) });
  const waiting = new Map<number, (text: string | undefined) => void>();
  let asked = 0;
  async function tellOwn(id: number): Promise<void> {
    const text = await registry.metrics().catch(() => undefined);
    process.send?.({ type: OWN, id, text } satisfies OwnMetrics);
  }
  process.on('message', (message: OwnMetricsQuestion | AllMetrics) => {
    if (message.type === OWN_WANTED) void tellOwn(message.id);
    if (message.type === ALL) waiting.get(message.id)?.(message.text);
  });
  return async () => {
    const id = (asked += 1);
    const text = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS, undefined);
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      process.send?.({ type: ALL_WANTED, id } satisfies MetricsQuestion);
    });
    waiting.delete(id);
    return text;
  };
}
