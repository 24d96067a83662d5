/** By bisection: the first of low … high of which it is true; it is of the last. */
export function firstWhere(low: number, high: number, isTrue: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
