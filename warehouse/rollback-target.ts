/** Which load a file goes back to: the log replayed as a stack, so that going back twice goes back twice. */

interface FileChange {
  sequence: number;
  /** Null where the file was taken out. */
  load: { loadId: string } | null;
  isSwept: boolean;
}

/**
 * A load that is published for the first time goes on top; one that is published again (a rollback) takes everything
 * above it off. The load to go back to is therefore never one that was itself rolled back. A file that was taken out goes back to the load that it
 * lost, whether that was swept or not; from a load that came later, to the one under it: it takes `withdraw` to have none.
 * @param changes of one file, in ascending order of sequence
 * @returns the live one and the one to go back to, each as it was published last; undefined where there is none
 */
export function rollbackTarget<Found extends FileChange>(
  changes: readonly Found[],
): { live: Found | undefined; previous: Found | undefined } {
  let stack: Found[] = [];
  let isOut = false;
  for (const change of changes) {
    isOut = change.load === null;
    if (change.load === null) continue;
    const { loadId } = change.load;
    const at = stack.findIndex(({ load }) => load?.loadId === loadId);
    stack = [...(at < 0 ? stack : stack.slice(0, at)), change];
  }
  if (isOut) return { live: undefined, previous: stack.at(-1) };
  const kept = stack.filter(({ isSwept }) => !isSwept);
  return { live: kept.at(-1), previous: kept.at(-2) };
}
