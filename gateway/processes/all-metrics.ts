/** The primary's part in `/metrics`: it has none of its own, and puts those of its processes together. */
import type { EventEmitter } from 'node:events';
import { OWN, OWN_WANTED, type OwnMetrics, type OwnMetricsQuestion } from './metrics-messages.ts';

/** As a worker of Node's cluster is. */
export interface MeasuredProcess extends EventEmitter {
  send(message: OwnMetricsQuestion, sent: (error: Error | null) => void): unknown;
}

export interface AllMetrics {
  /** From now on it is asked, until it exits. */
  add(process: MeasuredProcess): void;
  /** In Prometheus' text format; undefined when a process did not answer in time: a part would look as if the rest had never been. */
  text(): Promise<string | undefined>;
}

export function createAllMetrics({ patienceMs }: { patienceMs: number }): AllMetrics {
  /** With those who wait for it, by the id of their question. */
  const processes = new Map<MeasuredProcess, Map<number, (text: string | undefined) => void>>();
  let asked = 0;

  return {
    add(process) {
      const waiting = new Map<number, (text: string | undefined) => void>();
      processes.set(process, waiting);
      process.on('message', (message: OwnMetrics) => {
        if (message.type === OWN) waiting.get(message.id)?.(message.text);
      });
      process.once('exit', () => {
        processes.delete(process);
        for (const done of waiting.values()) done('');
      });
    },
    async text() {
      const id = (asked += 1);
      const asking = [...processes].map(async ([process, waiting]) => {
        const text = await new Promise<string | undefined>((resolve) => {
          const timer = setTimeout(resolve, patienceMs, undefined);
          waiting.set(id, (answer) => {
            clearTimeout(timer);
            resolve(answer);
          });
          // One that cannot be told anything has ended, or is about to.
          process.send({ type: OWN_WANTED, id }, (error) => error && waiting.get(id)?.(''));
        });
        waiting.delete(id);
        return text;
      });
      const texts = await Promise.all(asking);
      const told = texts.filter((text) => text !== undefined);
      return told.length < texts.length ? undefined : together(told);
    },
  };
}

/** Prometheus wants all series of a metric in one place, below what says of which type it is. */
function together(texts: readonly string[]): string {
  const seriesOf = new Map<string, string[]>();
  for (const metric of texts.flatMap((text) => text.split('\n\n'))) {
    const [, head, series] = /^(# HELP .*\n# TYPE .*)\n([^]*)$/.exec(metric.trimEnd()) ?? [];
    if (head === undefined || series === undefined) continue;
    const all = seriesOf.get(head) ?? [];
    seriesOf.set(head, [...all, series]);
  }
  return [...seriesOf].map(([head, series]) => `${head}\n${series.join('\n')}\n`).join('\n');
}
