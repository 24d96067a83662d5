import cluster from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import {
  METRICS_ANSWER,
  METRICS_QUESTION,
  type MetricsAnswer,
  type MetricsQuestion,
} from './metrics-messages.ts';

const PATIENCE_MS = 6_000;

/** @returns the metrics of all processes of this gateway, in Prometheus' text format; its own while the others do not answer */
export function gatherMetrics(registry: Registry): () => Promise<string> {
  if (!cluster.isWorker) return () => registry.metrics();
  AggregatorRegistry.setRegistries([registry]);
  // Its constructor listens for the primary's question.
  void new AggregatorRegistry();
  const waiting = new Map<number, (text: string | undefined) => void>();
  let asked = 0;
  process.on('message', (message: MetricsAnswer) => {
    if (message.type === METRICS_ANSWER) waiting.get(message.id)?.(message.text);
  });
  return async () => {
    const id = (asked += 1);
    const text = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS, undefined);
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      process.send?.({ type: METRICS_QUESTION, id } satisfies MetricsQuestion);
    });
    waiting.delete(id);
    return text ?? registry.metrics();
  };
}
