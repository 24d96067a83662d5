/** The links of a directory listing, as nginx, Apache, Python and many others print it. */
import { isParquetFilename } from './filename.ts';
import type { IgnoredTally } from './ignored-files.ts';

export interface IndexLink {
  filename: string;
  /** What stands beside the link on its line (date and size), as text; undefined when there is nothing. */
  hint: string | undefined;
}

// Tags and the parts looked at are bounded in length, so that a hostile page costs linear time.
const ANCHOR = /<a\s[^<>]{0,4000}>/gi;
const HREF = /\shref\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;
const MAX_HINT_CHARS = 200;
const MAX_LINE_CHARS = 500;

/**
 * Links to `.parquet` files directly in the folder of `pageUrl`, in ascending order of name, each name once. Links
 * elsewhere (other hosts, subfolders, sort orders) are passed over, and the query of a link is ignored.
 */
export function parseIndexPage({
  html,
  pageUrl,
  tally,
}: {
  html: string;
  pageUrl: URL;
  /** Counts the other links into the folder. */
  tally?: IgnoredTally;
}): IndexLink[] {
  const folder = new URL('.', pageUrl);
  const links = new Map<string, IndexLink>();
  const visible = html.replaceAll(/<!--[\s\S]*?(?:-->|$)/g, '');
  for (const anchor of visible.matchAll(ANCHOR)) {
    const href = HREF.exec(anchor[0]);
    if (href === null) continue;
    const filename = nameIn(folder, decodeEntities(href[1] ?? href[2] ?? href[3] ?? '').trim(), tally);
    if (filename === undefined || links.has(filename)) continue;
    const end = anchor.index + anchor[0].length;
    links.set(filename, { filename, hint: hintIn(visible.slice(end, end + MAX_LINE_CHARS)) });
  }
  return [...links.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1));
}

function nameIn(folder: URL, href: string, tally: IgnoredTally | undefined): string | undefined {
  if (!URL.canParse(href, folder.href)) return undefined;
  const target = new URL(href, folder);
  if (target.origin !== folder.origin || !target.pathname.startsWith(folder.pathname)) return undefined;
  let name;
  try {
    name = decodeURIComponent(target.pathname.slice(folder.pathname.length));
  } catch {
    return undefined;
  }
  if (isParquetFilename(name)) return name;
  const isFolder = name.endsWith('/');
  const bare = isFolder ? name.slice(0, -1) : name;
  if (bare !== '') tally?.see(bare, { isFolder });
  return undefined;
}

/** The text between the end of the link and the end of its line. */
function hintIn(rest: string): string | undefined {
  const line = /^[^\n]*/.exec(rest)?.[0] ?? '';
  const beside = line.includes('</a>') ? line.slice(line.indexOf('</a>')) : line;
  // The next link on the same line belongs to another file.
  const own = beside.split(/<a\s/i)[0] ?? '';
  const text = decodeEntities(own.replaceAll(/<[^<>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text === '' ? undefined : text.slice(0, MAX_HINT_CHARS);
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

function decodeEntities(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,6}));/gi, (whole, decimal, hex, name) => {
    const code =
      decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (code === undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}
