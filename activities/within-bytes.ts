/** Bytes of a page that goes into a workflow's history; 500 files with ordinary names take as much. */
export const PAGE_BYTES = 64 << 10;

/**
 * Counts what goes into a page.
 * @returns whether one more still fits; the first always does
 */
export function withinBytes(most = PAGE_BYTES): (item: unknown) => boolean {
  let taken = 0;
  return (item) => {
    const bytes = Buffer.byteLength(JSON.stringify(item) ?? '');
    if (taken > 0 && taken + bytes > most) return false;
    taken += bytes;
    return true;
  };
}
