import { collectDefaultMetrics, type Registry } from 'prom-client';

/** By default the delay of the event loop is measured a hundred times a second, which is most of what a process of ours does at rest. */
const EVENT_LOOP_LOOK_MS = 100;

/** What Node knows of its process: processor time, memory, garbage, and `nodejs_eventloop_lag_…`, which includes the 100 ms from look to look. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
}
