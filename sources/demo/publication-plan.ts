import { createHash } from 'node:crypto';
import { monthsBetween } from '../month.ts';

/** One after another: recent months to answer from at once, then one or more of each era, then the most recent ones. */
const RECENT = ['2024-12', '2024-11', '2024-10'];
const ERAS = '2009-01 2010-02 2023-01 2023-02 2015-06 2018-08 2025-01 2019-03 2020-04 2022-05'.split(' ');
const PLAN = [...RECENT, ...ERAS, ...monthsBetween('2025-02', '2025-12')];

export interface PlannedMonth {
  month: string;
  filename: string;
  rows: number;
}

/** The first `months` months of the plan, with about `rows` trips each. */
export function publicationPlan(options: { months: number; rows: number; seed: number }): PlannedMonth[] {
  return PLAN.slice(0, options.months).map((month) => {
    const luck = createHash('sha256').update(`${options.seed} ${month}`).digest().readUInt16LE() / 65_536;
    // In April 2020 the city stood still.
    const share = month === '2020-04' ? 0.1 : 0.8 + 0.4 * luck;
    return {
      month,
      filename: `yellow_tripdata_${month}.parquet`,
      rows: Math.max(Math.round(options.rows * share), 1),
    };
  });
}
