import { describe, expect, it } from 'vitest';
import { parseIndexPage } from './index-page.ts';

const parse = (html: string, pageUrl = 'https://host/data/') =>
  parseIndexPage({ html, pageUrl: new URL(pageUrl) }).links;
const names = (html: string) => parse(html).map(({ filename }) => filename);

describe('an index page', () => {
  it('is read as nginx writes it', () => {
    const html = `<html><head><title>Index of /data/</title></head><body><h1>Index of /data/</h1><hr><pre><a href="../">../</a>
<a href="folder/">folder/</a>                                            02-Jan-2024 10:00                   -
<a href="yellow_tripdata_2024-02.parquet">yellow_tripdata_2024-02.parquet</a>   02-Jan-2024 10:00            49961641
<a href="yellow_tripdata_2024-01.parquet">yellow_tripdata_2024-01.par..&gt;</a>   02-Jan-2024 10:01            50000000
</pre><hr></body></html>`;
    expect(parse(html)).toEqual([
      { filename: 'yellow_tripdata_2024-01.parquet', hint: '02-Jan-2024 10:01 50000000' },
      { filename: 'yellow_tripdata_2024-02.parquet', hint: '02-Jan-2024 10:00 49961641' },
    ]);
  });

  it('is read as Apache writes it', () => {
    const html = `<table><tr><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td valign="top"><img src="/i.gif" alt="[ ]"></td><td><a href="a.parquet">a.parquet</a></td><td align="right">2024-01-02 10:00  </td><td align="right"> 48M</td></tr>
</table>`;
    expect(parse(html)).toEqual([{ filename: 'a.parquet', hint: '2024-01-02 10:00 48M' }]);
  });

  it('takes links in every notation', () => {
    expect(names('<a href=a.parquet>a</a>')).toEqual(['a.parquet']);
    expect(names("<A class='x' HREF = './b.PARQUET'>")).toEqual(['b.PARQUET']);
    expect(names('<a href="/data/c.parquet">')).toEqual(['c.parquet']);
    expect(names('<a href="https://host/data/d.parquet#top">')).toEqual(['d.parquet']);
    expect(names('<a href="e.parquet?version=2&amp;x=1">')).toEqual(['e.parquet']);
    expect(names('<a href="f%20%C3%BC%26.parquet">')).toEqual(['f ü&.parquet']);
    expect(names('<a href="g&amp;h.parquet">')).toEqual(['g&h.parquet']);
    expect(parse('<a href="x.parquet">', 'https://host/data/index.html?page=1')).toHaveLength(1);
  });

  it('passes over everything else', () => {
    for (const href of [
      'http://host/data/a.parquet',
      'https://user:password@other/a.parquet',
      'a.parquet/',
      'sub/a.parquet',
      'sub%2Fa.parquet',
      '..%2Fa.parquet',
      'a.parquet.crc',
      'a.csv',
      '.a.parquet',
      'javascript:a.parquet',
      '%ZZ.parquet',
      'a%00.parquet',
    ]) {
      expect(names(`<a href="${href}">`), href).toEqual([]);
    }
    expect(names('<!-- <a href="a.parquet"> --> <a href="b.parquet"> <!-- <a href="c.parquet">')).toEqual([
      'b.parquet',
    ]);
    expect(names('<a href="a.parquet"><a href="a.parquet">')).toEqual(['a.parquet']);
  });

  it('is read as a page of links where none leads into its own folder, as on TLC’s page', () => {
    const links = ['https://cdn/trip-data/a.parquet ', '/other/b.parquet?signature=x', '../c.parquet']
      .map((href) => `<li><a href="${href}" title="Yellow > Taxi">Yellow</a> (PARQUET)</li>`)
      .join('\n');
    expect(parse(links).map(({ filename, url }) => [filename, url])).toEqual([
      ['a.parquet', 'https://cdn/trip-data/a.parquet'],
      ['b.parquet', 'https://host/other/b.parquet?signature=x'],
      ['c.parquet', 'https://host/c.parquet'],
    ]);
    expect(names(`${links}<a href="d.parquet">d</a>`)).toEqual(['d.parquet']);
    // Which of the two is meant cannot be told.
    expect(names('<a href="https://one/a.parquet">1</a> <a href="https://two/a.parquet">2</a>')).toEqual([]);
  });

  it('may say where its links begin, and break its lines', () => {
    expect(names('<a title="a > b" class=x href="a.parquet">')).toEqual(['a.parquet']);
    expect(names('<a\n  href="a.par\nquet\n">a</a>')).toEqual(['a.parquet']);
    const html = '<head><base href="/files/"></head><a href="a.parquet">a</a>';
    expect(parse(html)[0]?.url).toBe('https://host/files/a.parquet');
  });

  it('has no hint where the page says nothing beside the link', () => {
    expect(parse('<li><a href="a.parquet">a.parquet</a></li>\n<li>other')[0]?.hint).toBeUndefined();
    expect(
      parse('<a href="a.parquet">a</a> 12K <a href="b.parquet">b</a> 13K').map(({ hint }) => hint),
    ).toEqual(['12K', '13K']);
  });

  it('is read in linear time however hostile', () => {
    // Of this process: what else the machine does is no matter.
    const startedAt = process.cpuUsage();
    for (const piece of ['<a ', '<a href', '<a href="', '<!--', '<a href=x.parquet>', '&#', '<a href ']) {
      parse(piece.repeat(1 << 18));
      parse('<a ' + piece.slice(1).repeat(1 << 18));
    }
    const { user, system } = process.cpuUsage(startedAt);
    expect(user + system).toBeLessThan(5_000_000);
  });
});
