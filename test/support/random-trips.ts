/** Distances as TLC's files have them, and all that could break an exact percentile. */
export function randomDistance(random: () => number): number {
  const hundredth = () => Math.round(random() ** 2 * 3_000) / 100;
  const kinds: (() => number)[] = [
    hundredth,
    hundredth,
    hundredth,
    () => 0,
    () => -0,
    () => 1.5,
    // Off the grid of hundredths, by little and by much.
    () => hundredth() + 0.001 * random(),
    () => hundredth() * (1 + Number.EPSILON),
    () => 0.1 + 0.2,
    // Around the end of the grid.
    () => (5_990 + Math.floor(random() * 20)) / 100,
    () => 59.99 * (1 + Number.EPSILON),
    () => 60 + Math.floor(random() * 5_000) / 10,
    () => -hundredth(),
    () => [1e-300, 5e-324, 389_678.46, 1e9, 1.7e308][Math.floor(random() * 5)] ?? 0,
  ];
  return (kinds[Math.floor(random() * kinds.length)] ?? hundredth)();
}
