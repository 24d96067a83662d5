/** What a process and its primary say of metrics: each can be asked, and answers for all. */
export const METRICS_QUESTION = 'tripline:metrics';
export const METRICS_ANSWER = 'tripline:metrics-of-all';

export interface MetricsQuestion {
  type: typeof METRICS_QUESTION;
  id: number;
}

export interface MetricsAnswer {
  type: typeof METRICS_ANSWER;
  id: number;
  /** Undefined: a process did not answer. */
  text: string | undefined;
}
