/** An index of files in any of the forms that servers give one: HTML, JSON, or the XML of S3 and its like. */
import { parseIndexJson } from './index-json.ts';
import type { IndexPage } from './index-links.ts';
import { parseIndexPage } from './index-page.ts';
import { parseIndexXml } from './index-xml.ts';

export function readIndex({
  body,
  contentType,
  pageUrl,
}: {
  body: Buffer;
  contentType: string;
  pageUrl: URL;
}): IndexPage {
  const text = decode(body, contentType);
  const beginning = text.slice(0, 2_000).trimStart();
  if (/^[[{]/.test(beginning)) {
    const page = parseIndexJson({ text, pageUrl });
    if (page !== undefined) return page;
  }
  if (/<(ListBucketResult|EnumerationResults)\b/.test(beginning))
    return parseIndexXml({ xml: text, pageUrl });
  const page = parseIndexPage({ html: text, pageUrl });
  if (text.trim() === '') return { ...page, saw: 'an empty page' };
  return /^\s*$|html/i.test(contentType)
    ? page
    : { ...page, saw: page.saw.replace('an HTML page', `a page of type ${shown(contentType)}`) };
}

const shown = (contentType: string): string => JSON.stringify(contentType.slice(0, 60));

/** By the mark at its beginning, else by what its type says, else as UTF-8. */
function decode(body: Buffer, contentType: string): string {
  const [, declared = 'utf-8'] = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType) ?? [];
  const charset = marked(body) ?? declared;
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

function marked(body: Buffer): string | undefined {
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  return body[0] === 0xef && body[1] === 0xbb ? 'utf-8' : undefined;
}
