/** The links of a directory listing, as nginx, Apache, Python and many others print it. */
import { Parser } from 'htmlparser2';
import { linksOf, type IndexEntry, type IndexPage } from './index-links.ts';

const MAX_HINT_CHARS = 200;
const MAX_LINE_CHARS = 500;
const LONGEST_HREF = 4_000;

export function parseIndexPage({ html, pageUrl }: { html: string; pageUrl: URL }): IndexPage {
  const entries: { href: string; text: string; isOpen: boolean }[] = [];
  let base: string | undefined;
  /** The last link, while the rest of its line is its own. */
  let current: (typeof entries)[number] | undefined;
  const parser = new Parser({
    onopentag(name, { href }) {
      if (name === 'base') base ??= href;
      if (name !== 'a' || href === undefined || href.length > LONGEST_HREF) return;
      current = { href: href.replaceAll(/[\t\r\n]/g, '').trim(), text: '', isOpen: true };
      entries.push(current);
    },
    onclosetag(name) {
      if (current === undefined) return;
      if (name === 'a' && current.isOpen) Object.assign(current, { text: '', isOpen: false });
      else current.text += ' ';
    },
    ontext(text) {
      if (current === undefined) return;
      const [line = '', ...others] = text.split('\n');
      current.text = (current.text + line).slice(0, MAX_LINE_CHARS);
      if (others.length > 0 && !current.isOpen) current = undefined;
    },
  });
  parser.end(html);
  const folder = new URL('.', pageUrl);
  return linksOf({
    entries: entries.map(({ href, text }): IndexEntry => ({ href, hint: hintOf(text) })),
    pageUrl,
    base: base !== undefined && URL.canParse(base, folder.href) ? new URL(base, folder) : folder,
    what: `an HTML page of ${html.length} characters`,
  });
}

function hintOf(text: string): string | undefined {
  const hint = text.replaceAll(/\s+/g, ' ').trim();
  return hint === '' ? undefined : hint.slice(0, MAX_HINT_CHARS);
}
