/** Names in a message for people: what a file has of them may be many, and long. */
const MOST_NAMED = 20;
const NAME_CHARACTERS = 64;

/** @returns the first names, shortened, and how many more there are */
export function shortList(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_NAMED)
    .map((name) => (name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS)}…` : name));
  const more = names.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
