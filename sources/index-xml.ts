/** The listing of a bucket that everybody may read: `ListBucketResult` of S3 and its like, `EnumerationResults` of Azure. */
import { Parser } from 'htmlparser2';
import { linksOf, type IndexPage } from './index-links.ts';
import { SourceError } from './source-error.ts';

const MOST_CHARACTERS = 2_000;

/** @throws SourceError `broken` for a listing that is not whole */
export function parseIndexXml({ xml, pageUrl }: { xml: string; pageUrl: URL }): IndexPage {
  const objects: Record<string, string>[] = [];
  const top: Record<string, string> = {};
  const path: string[] = [];
  let text = '';
  const parser = new Parser(
    {
      onopentag(name) {
        path.push(name);
        text = '';
        if (name === 'Contents' || name === 'Blob') objects.push({});
      },
      ontext(piece) {
        if (text.length < MOST_CHARACTERS) text += piece;
      },
      onclosetag(name) {
        const isInObject = path.includes('Contents') || path.includes('Blob');
        const target = isInObject ? objects.at(-1) : path.length === 2 ? top : undefined;
        if (target !== undefined) target[name] ??= text;
        path.pop();
        text = '';
      },
    },
    { xmlMode: true },
  );
  parser.end(xml);
  if (top['IsTruncated'] === 'true' || (top['NextMarker'] ?? '') !== '')
    throw new SourceError(
      'broken',
      `${pageUrl.host}: the bucket's listing is not whole, it goes on after ${objects.length} objects; write s3://bucket/prefix (with AWS_ENDPOINT_URL_S3 where it is not AWS)`,
    );
  const keys = objects.flatMap((fields) => {
    const key = fields['Key'] ?? fields['Name'];
    const hint = ['LastModified', 'Last-Modified', 'Size', 'Content-Length', 'ETag', 'Etag']
      .flatMap((name) => fields[name] ?? [])
      .join(' ');
    return key === undefined ? [] : [{ key, hint: hint === '' ? undefined : hint }];
  });
  const folder = listedFolder(keys, top['Prefix']);
  const root = rootOf(pageUrl, folder);
  const entries = keys.map(({ key, hint }) => ({
    href: `./${key.split('/').map(encodeURIComponent).join('/')}`,
    hint,
  }));
  const within = new URL(folder.split('/').map(encodeURIComponent).join('/'), root);
  const what = `an XML listing of ${xml.length} characters`;
  const page = linksOf({ entries, pageUrl: within, base: root, what });
  // Where the page is not the folder itself, each file's address is said.
  const isHere = within.href === new URL('.', pageUrl).href && pageUrl.search === '';
  const located = page.links.map((link) => ({
    ...link,
    url: link.url ?? new URL(encodeURIComponent(link.filename), within).href,
  }));
  return isHere ? page : { ...page, links: located };
}

/** '' or ends with a slash: the folder that the listing is of. */
function listedFolder(keys: readonly { key: string }[], prefix: string | undefined): string {
  const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);
  if (prefix !== undefined && prefix !== '') return folderOf(prefix);
  const folders = new Set(keys.map(({ key }) => folderOf(key)));
  const [only = ''] = folders;
  return folders.size === 1 ? only : '';
}

/** What keys are relative to: the bucket. A page may show a listing of it under the folder's own address. */
function rootOf(pageUrl: URL, folder: string): URL {
  const root = new URL(pageUrl);
  root.search = '';
  root.hash = '';
  if (!root.pathname.endsWith('/')) root.pathname += '/';
  if (folder !== '' && decodeURI(root.pathname).endsWith(`/${folder}`))
    root.pathname = root.pathname.slice(0, -encodeURI(folder).length);
  return root;
}
