/** How many trips of a generated month start in each of its hours: by hour of day, weekday, and a little luck of the day. */
import { createHash } from 'node:crypto';

/** Relative number of pickups by hour of day, as in the real months of 2022 to 2024. */
const WEEKDAY = [20, 11, 7, 5, 5, 8, 19, 37, 50, 53, 53, 56, 61, 63, 67, 70, 71, 77, 80, 71, 63, 62, 53, 36];
const WEEKEND = [
  52, 41, 30, 20, 11, 7, 9, 15, 26, 39, 50, 57, 63, 64, 65, 66, 64, 65, 64, 58, 53, 53, 52, 49,
];
/** Sunday first. */
const DAY = [0.86, 0.9, 0.98, 1.05, 1.08, 1.1, 1.08];

/** Exactly `trips` trips, one number per hour of the month. */
export function hourlyTrips(options: { month: string; trips: number; seed: number }): number[] {
  const weights = hourWeights(options);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let cumulative = 0;
  let placed = 0;
  return weights.map((weight) => {
    cumulative += weight;
    const upTo = Math.round((options.trips * cumulative) / total);
    const here = upTo - placed;
    placed = upTo;
    return here;
  });
}

function hourWeights({ month, seed }: { month: string; seed: number }): number[] {
  const firstDay = Date.parse(`${month}-01T00:00:00Z`);
  const year = Number(month.slice(0, 4));
  const days = new Date(Date.UTC(year, Number(month.slice(5)), 0)).getUTCDate();
  const weights: number[] = [];
  for (let day = 0; day < days; day++) {
    const weekday = new Date(firstDay + day * 86_400_000).getUTCDay();
    const luck = createHash('sha256').update(`${seed} ${month} ${day}`).digest().readUInt16LE() / 65_536;
    const weight = (DAY[weekday] ?? 1) * (0.85 + 0.3 * luck);
    const hours = weekday === 0 || weekday === 6 ? WEEKEND : WEEKDAY;
    weights.push(...hours.map((hour) => hour * weight));
  }
  return weights;
}
