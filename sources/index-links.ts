/** What an index page, an index in JSON and a listing in XML have in common: links to files, and what was seen besides. */
import { isParquetFilename } from './filename.ts';
import { IgnoredTally, type IgnoredFiles } from './ignored-files.ts';
import { SourceError } from './source-error.ts';

export interface IndexLink {
  filename: string;
  /** What stands beside the link on its line (date and size), as text; undefined when there is nothing. */
  hint: string | undefined;
  /** Where it is, when that is not the page's own folder. */
  url?: string;
}

export interface IndexPage {
  /** In ascending order of name, each name once. */
  links: IndexLink[];
  /** What else lies in the folder. */
  ignored: IgnoredFiles[];
  /** For people, where there are no links: what the page holds. */
  saw: string;
}

/** One entry of an index, whatever it leads to. */
export interface IndexEntry {
  /** As it is written, relative to `base`. */
  href: string;
  hint?: string | undefined;
}

/** More than this are no listing of ours. */
const MOST_LINKS = 100_000;
const MOST_SHOWN = 3;

/**
 * Links to `.parquet` files directly in the folder of `pageUrl`. A page without any such link is a page of links (as TLC's own is): then those
 * to other hosts and folders count. What lies in folders below, or has the name of another file elsewhere, is passed over.
 * @param base what relative links are relative to
 * @throws SourceError `broken` where there are too many
 */
export function linksOf({
  entries,
  pageUrl,
  base = new URL('.', pageUrl),
  what,
}: {
  entries: Iterable<IndexEntry>;
  pageUrl: URL;
  base?: URL;
  /** As in `an HTML page of 812 bytes`. */
  what: string;
}): IndexPage {
  const folder = new URL('.', pageUrl);
  const here = new Map<string, IndexLink>();
  const elsewhere = new Map<string, IndexLink | null>();
  const others: string[] = [];
  const tally = new IgnoredTally();
  let count = 0;
  for (const { href, hint } of entries) {
    count += 1;
    const target = targetOf(href, base);
    const filename = target === undefined ? undefined : nameOf(target);
    if (here.size + elsewhere.size > MOST_LINKS)
      throw new SourceError('broken', `${folder.host}: an index of more than ${MOST_LINKS} files`);
    if (target === undefined || filename === undefined || isBelow(target, folder)) {
      if (target !== undefined) seeIgnored(tally, target, folder);
      if (others.length < MOST_SHOWN && !/^([?#]|\.\.?\/?$|\/$)/.test(href)) others.push(href);
      continue;
    }
    if (isIn(target, folder)) {
      if (!here.has(filename)) here.set(filename, { filename, hint });
      continue;
    }
    if (!isReachable(target, folder)) continue;
    target.hash = '';
    const known = elsewhere.get(filename);
    const isAnother = known === null || (known !== undefined && known.url !== target.href);
    elsewhere.set(filename, isAnother ? null : { filename, hint, url: target.href });
  }
  const found = here.size > 0 ? [...here.values()] : [...elsewhere.values()].filter((link) => link !== null);
  const shown = others.map((href) => JSON.stringify(href.slice(0, 100))).join(', ');
  const suchAs = shown === '' ? '' : `, such as ${shown}`;
  const doubled = elsewhere.size > 0 ? '; links of one name lead to several files' : '';
  return {
    links: found.sort((a, b) => (a.filename < b.filename ? -1 : 1)),
    ignored: tally.all(),
    saw: `${what} with ${count} ${count === 1 ? 'link' : 'links'}${suchAs}, none to a .parquet file${doubled}${adviceFor(others)}`,
  };
}

/** A folder that is called like a file. */
function adviceFor(others: readonly string[]): string {
  return others.some((href) => /\.parquet\/([?#].*)?$/i.test(href))
    ? '. A folder that ends in .parquet (Spark writes such) is no file: name the folder in SOURCE_URL, or put its parts beside each other'
    : '';
}

function seeIgnored(tally: IgnoredTally, target: URL, folder: URL): void {
  if (target.origin !== folder.origin || !target.pathname.startsWith(folder.pathname)) return;
  const name = decoded(target.pathname.slice(folder.pathname.length));
  if (name === undefined) return;
  const isFolder = name.endsWith('/');
  const bare = isFolder ? name.slice(0, -1) : name;
  if (bare !== '') tally.see(bare, { isFolder });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function targetOf(href: string, base: URL): URL | undefined {
  if (!URL.canParse(href, base.href)) return undefined;
  const target = new URL(href, base);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

function nameOf({ pathname }: URL): string | undefined {
  const name = decoded(pathname.slice(pathname.lastIndexOf('/') + 1));
  return name !== undefined && isParquetFilename(name) ? name : undefined;
}

const isIn = (target: URL, folder: URL): boolean =>
  target.origin === folder.origin && new URL('.', target).pathname === folder.pathname;

const isBelow = (target: URL, folder: URL): boolean =>
  target.origin === folder.origin && target.pathname.startsWith(folder.pathname) && !isIn(target, folder);

/** Never from https to http, and never with a password of somebody's in it. */
const isReachable = (target: URL, folder: URL): boolean =>
  (target.protocol === folder.protocol || target.protocol === 'https:') &&
  target.username + target.password === '';
