const LIST_OF_TAGS = /^(?:\s*(?:W\/)?"[^"]*"\s*(?:,|$))+$/;

/**
 * Does an `If-None-Match` name this ETag? RFC 9110 §13.1.2: a list or `*`, compared weakly, so that a proxy that made the tag a
 * weak one is answered too.
 */
export function matchesWeakly(condition: string, etag: string): boolean {
  if (condition === etag || condition.trim() === '*') return true;
  if (!LIST_OF_TAGS.test(condition)) return false;
  const opaque = etag.replace(/^W\//, '');
  return (condition.match(/(?:W\/)?"[^"]*"/g) ?? []).some((each) => each.replace(/^W\//, '') === opaque);
}
