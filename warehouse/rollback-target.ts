/** Which load a file goes back to: the log replayed as a stack, so that going back twice goes back twice. */

interface PublishedLoad {
  sequence: number;
  loadId: string;
}

/**
 * A load that is published for the first time goes on top; one that is published again (a rollback) takes everything
 * above it off. The load to go back to is therefore never one that was itself rolled back.
 * @param publications of one file, in ascending order of sequence, without those of condemned loads
 * @returns the live one and the one under it, each as it was published last; undefined where there is none
 */
export function rollbackTarget<Load extends PublishedLoad>(
  publications: readonly Load[],
): { live: Load | undefined; previous: Load | undefined } {
  let stack: Load[] = [];
  for (const publication of publications) {
    const at = stack.findIndex(({ loadId }) => loadId === publication.loadId);
    stack = [...(at < 0 ? stack : stack.slice(0, at)), publication];
  }
  return { live: stack.at(-1), previous: stack.at(-2) };
}
