/** See private-tsx-cache.mjs. */
export function keepTsxCachePrivate(options: {
  env: Record<string, string | undefined>;
  folder?: string;
}): void;
