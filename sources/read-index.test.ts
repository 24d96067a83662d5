import { expect, it } from 'vitest';
import { readIndex } from './read-index.ts';

const read = (text: string | Buffer, { contentType = '', url = 'https://host/data/' } = {}) =>
  readIndex({ body: Buffer.from(text as string), contentType, pageUrl: new URL(url) });
const names = (...given: Parameters<typeof read>) => read(...given).links.map(({ filename }) => filename);
const NAME = 'yellow_tripdata_2024-01.parquet';

it.each([
  [
    'nginx',
    `[{"name":"sub","type":"directory"},{"name":"${NAME}","type":"file","mtime":"Wed, 01 Jan 2025 00:00:00 GMT","size":1}]`,
  ],
  [
    'Caddy',
    `[{"name":"${NAME}","size":1,"url":"./${NAME}","mod_time":"2025-01-01T00:00:00Z","is_dir":false}]`,
  ],
  ['dufs', `{"href":"/","paths":[{"path_type":"File","name":"${NAME}","mtime":1704067200000,"size":1}]}`],
  ['a list of names', `["README.md", "${NAME}"]`],
])('JSON as of %s', (_, text) => {
  expect(names(text, { contentType: 'application/json' })).toEqual([NAME]);
  expect(names(`\u{feff}${text}`)).toEqual([NAME]);
});

it('JSON that says where its files are', () => {
  const url = `https://raw.example.org/data/${NAME}`;
  expect(read(`[{"name":"${NAME}","type":"file","download_url":"${url}"}]`).links).toMatchObject([
    { filename: NAME, url },
  ]);
});

const xml = (keys: readonly string[], more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${more}${keys
    .map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>`,
    )
    .join('')}</ListBucketResult>`;

it('the XML of a bucket, from wherever it is asked for', () => {
  const found = (url: string, keys: readonly string[], more = '') =>
    read(xml(keys, more), { url }).links.map((link) => link.url ?? `here:${link.filename}`);
  expect(found('https://host/data/', [`data/${NAME}`, 'data/readme.txt'])).toEqual([`here:${NAME}`]);
  expect(found('https://b.s3.amazonaws.com/', [NAME])).toEqual([`here:${NAME}`]);
  expect(
    found(
      'https://b.s3.amazonaws.com/?prefix=trip%20data/',
      [`trip data/${NAME}`],
      '<Prefix>trip data/</Prefix>',
    ),
  ).toEqual([`https://b.s3.amazonaws.com/trip%20data/${NAME}`]);
  expect(
    found(
      'https://s3.example/bucket/?list-type=2&prefix=a/',
      [`a/${NAME}`, `a/b/x_2024-02.parquet`],
      '<Prefix>a/</Prefix>',
    ),
  ).toEqual([`https://s3.example/bucket/a/${NAME}`]);
  expect(() => read(xml([NAME], '<IsTruncated>true</IsTruncated>'))).toThrow(/not whole.*write s3:/);
});

it('UTF-16, by its mark or by its type', () => {
  const html = `<a href="${NAME}">${NAME}</a>`;
  const little = Buffer.from(html, 'utf16le');
  expect(names(Buffer.concat([Buffer.from([0xff, 0xfe]), little]))).toEqual([NAME]);
  expect(names(Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(little).swap16()]))).toEqual([NAME]);
  expect(names(little, { contentType: 'text/html; charset=utf-16le' })).toEqual([NAME]);
});

it('says what was seen where nothing is found', () => {
  const saw = (...given: Parameters<typeof read>) => {
    const { links, saw: said } = read(...given);
    expect(links).toEqual([]);
    return said;
  };
  expect(saw('')).toBe('an empty page');
  expect(saw('<a href="../">up</a><a href="a.csv">a</a>')).toBe(
    'an HTML page of 41 characters with 2 links, such as "a.csv", none to a .parquet file',
  );
  expect(saw('<a href="x.parquet/">x</a>')).toMatch(/such as "x.parquet\/".*Spark/);
  expect(saw('PAR1', { contentType: 'application/octet-stream' })).toMatch(
    /^a page of type "application\/octet-stream"/,
  );
  expect(saw('{"error":"no"}')).toMatch(/^JSON that is no list of files/);
  expect(saw(xml([]))).toMatch(/^an XML listing .* 0 links/);
});
