/** An index in JSON: as nginx (`autoindex_format json`), Caddy, dufs, GitHub and others give it. */
import { linksOf, type IndexEntry, type IndexPage } from './index-links.ts';

/** Where the entries may stand, when they are not the document itself. */
const LISTS = ['paths', 'files', 'items', 'entries', 'contents', 'objects', 'children', 'data'];
const MOST_HINT_CHARS = 200;

/** Undefined when it is no JSON. */
export function parseIndexJson({ text, pageUrl }: { text: string; pageUrl: URL }): IndexPage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = listIn(json);
  const entries = (list ?? []).flatMap((each) => entryOf(each) ?? []);
  const what = list === undefined ? 'JSON that is no list of files' : 'JSON';
  return linksOf({ entries, pageUrl, what: `${what} of ${text.length} characters` });
}

function listIn(json: unknown): unknown[] | undefined {
  if (Array.isArray(json)) return json;
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Record<string, unknown>;
  return LISTS.map((name) => fields[name]).find((value) => Array.isArray(value));
}

function entryOf(entry: unknown): IndexEntry | undefined {
  if (typeof entry === 'string') return { href: hrefOf(entry) };
  if (typeof entry !== 'object' || entry === null) return undefined;
  const fields = entry as Record<string, unknown>;
  const text = (...names: readonly string[]): string | undefined =>
    names.map((name) => fields[name]).find((value) => typeof value === 'string' && value !== '') as
      string | undefined;
  const name = text('name', 'filename', 'Name', 'Key', 'key');
  const elsewhere = text('download_url', 'mediaLink', 'href');
  if (name === undefined && elsewhere === undefined) return undefined;
  const isFolder =
    fields['is_dir'] === true ||
    /^dir/i.test(text('type', 'path_type') ?? '') ||
    name?.endsWith('/') === true;
  const size = fields['size'];
  const parts = [text('mtime', 'mod_time', 'updated', 'last_modified', 'etag', 'sha'), size].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  );
  const hint = parts.length === 0 ? undefined : parts.join(' ').slice(0, MOST_HINT_CHARS);
  const href = elsewhere ?? hrefOf(name ?? '');
  return { href: isFolder && !href.endsWith('/') ? `${href}/` : href, hint };
}

/** A name as it stands in a folder, where it is a part of an address. */
const hrefOf = (name: string): string => `./${name.split('/').map(encodeURIComponent).join('/')}`;
