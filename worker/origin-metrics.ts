import { Gauge, type Registry } from 'prom-client';
import type { OriginView } from '../workflows/messages.ts';

/** The governor's view of the source's host, as this worker last saw it; nothing before it has asked. */
export function registerOriginMetrics(registry: Registry, originView: () => OriginView | undefined): void {
  const gauge = (name: string, help: string, read: (view: OriginView) => number): void => {
    const registers = [registry];
    const metric = new Gauge({
      name,
      help,
      registers,
      collect() {
        const view = originView();
        if (view === undefined) this.reset();
        else this.set(read(view));
      },
    });
    metric.reset();
  };
  gauge(
    'tripline_origin_limit',
    'Requests that may be under way at the source, of all workers',
    ({ limit }) => limit,
  );
  gauge(
    'tripline_origin_in_flight',
    'Requests under way at the source, of all workers',
    ({ inFlight }) => inFlight,
  );
  gauge(
    'tripline_origin_breaker_open',
    '1 while the breaker is open, 0.5 half open, 0 closed',
    ({ breaker }) => (breaker === 'open' ? 1 : breaker === 'halfOpen' ? 0.5 : 0),
  );
  gauge('tripline_origin_breaker_opened_total', 'How often the breaker opened', ({ opened }) => opened);
  const outcomes = new Gauge({
    name: 'tripline_origin_outcomes_total',
    help: 'Requests to the source by how they ended',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      const view = originView();
      if (view === undefined) return;
      for (const [outcome, count] of Object.entries(view.outcomes)) this.set({ outcome }, count);
    },
  });
  outcomes.reset();
}
