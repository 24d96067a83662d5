/** Both included, `YYYY-MM`. */
export interface Months {
  from: string;
  to: string;
}

/** @param months all of them when left out */
export function within(month: string, months: Months | undefined): boolean {
  return months === undefined || (month >= months.from && month <= months.to);
}
