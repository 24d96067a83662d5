/** What processes and their primary say of metrics: one that is asked for all asks the primary, which asks each for its own. */
export const ALL_WANTED = 'tripline:all-metrics-wanted';
export const OWN_WANTED = 'tripline:own-metrics-wanted';
export const OWN = 'tripline:own-metrics';
export const ALL = 'tripline:all-metrics';

interface About<Type extends string> {
  type: Type;
  /** Of whoever asks; an answer has its question's. */
  id: number;
}
export type MetricsQuestion = About<typeof ALL_WANTED>;
export type OwnMetricsQuestion = About<typeof OWN_WANTED>;
/** In Prometheus' text format; undefined: they could not be told. */
export type OwnMetrics = About<typeof OWN> & { text: string | undefined };
/** Undefined: a process did not answer. */
export type AllMetrics = About<typeof ALL> & { text: string | undefined };
