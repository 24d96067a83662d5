/** Files of some kB that ask for far more than they hold, or cannot be what they say. Each is refused by its footer and its page headers alone. */
import { gzipSync } from 'node:zlib';
import type { RefusalCode } from '../../warehouse/refusal.ts';
import { INT64, integers, makeParquet, Struct, tripColumns, type MadeColumn } from './make-parquet.ts';

export interface Bomb {
  name: string;
  make: () => Uint8Array;
  refused: { code: RefusalCode; because: RegExp };
}

const ROWS = 10;
const GZIP = 2;
const SNAPPY = 1;

/** The trips with another column behind them. */
const withColumn = (column: Partial<MadeColumn>, rows = ROWS): Uint8Array =>
  makeParquet({
    rows,
    columns: [...tripColumns(rows), { name: 'more', type: INT64, pages: [integers(rows, 5n)], ...column }],
  });

const withColumns = (names: readonly string[]): Uint8Array =>
  makeParquet({
    rows: 1,
    columns: [...tripColumns(1), ...names.map((name) => ({ name, type: INT64, pages: [integers(1, 5n)] }))],
  });

const withFooter = (footer: (metadata: Struct) => Struct): Uint8Array =>
  makeParquet({ rows: ROWS, columns: tripColumns(ROWS), footer });

const claiming = (rows: number | bigint): Uint8Array => makeParquet({ rows, columns: tripColumns(ROWS) });

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
const nested = (depth: number): Struct =>
  depth === 0 ? new Struct() : new Struct().struct(1, nested(depth - 1));
const names = (count: number, length = 0): string[] =>
  Array.from({ length: count }, (_, index) => `x${index}`.padEnd(length, '_'));

/** Groups in each other, the last of which holds the column. */
const deep = (depth: number): Uint8Array =>
  makeParquet({
    rows: ROWS,
    columns: tripColumns(ROWS),
    schema([, ...elements]) {
      const group = (index: number) => new Struct().i32(3, 1).text(4, `g${index}`).i32(5, 1);
      const last = elements.pop() ?? new Struct();
      const root = new Struct().text(4, 'schema').i32(5, elements.length + 1);
      return [root, ...elements, ...Array.from({ length: depth }, (_, index) => group(index)), last];
    },
  });

const page = { kind: 'data', values: ROWS } as const;

export const BOMBS: readonly Bomb[] = [
  bomb('rows: 2^40', () => claiming(2n ** 40n), 'TOO_LARGE', /1099511627776 rows, more than the 100000000 /),
  bomb(
    'rows: 90 million, of which 10 are there',
    () => claiming(90_000_000),
    'UNREADABLE',
    /pages of 10 values, the footer says 90000000/,
  ),
  bomb('rows: -1', () => claiming(-1), 'UNREADABLE', /-1 rows/),
  bomb(
    'rows of groups: 10 each of 2, the same bytes',
    () => makeParquet({ rows: ROWS, columns: tripColumns(ROWS), groups: 2 }),
    'UNREADABLE',
    /begins at byte \d+, within column /,
  ),
  bomb(
    'row groups: 20,001',
    () => makeParquet({ rows: 0, columns: [], groups: 20_001 }),
    'TOO_LARGE',
    /20001 row groups, more than the 20000 /,
  ),
  bomb(
    'column chunks: 100,005',
    () =>
      makeParquet({
        rows: 1,
        columns: tripColumns(1).map((column) => ({ ...column, pages: [] })),
        groups: 20_000,
        footer: (metadata) =>
          metadata.structs(4, [
            new Struct().structs(
              1,
              Array.from({ length: 5 }, () => new Struct()),
            ),
          ]),
      }),
    'TOO_LARGE',
    /100005 column chunks and more/,
  ),
  bomb(
    'columns: 1,002',
    () => withColumns(names(996)),
    'TOO_LARGE',
    /1002 columns and groups .* more than the 1000 /,
  ),
  bomb(
    'name: 17,000 bytes',
    () => withColumns(names(1, 17_000)),
    'TOO_LARGE',
    /name of 17000 bytes, more than the 16384 /,
  ),
  bomb(
    'names: 50 kB',
    () => withColumns(names(200, 250)),
    'TOO_LARGE',
    /names of \d+ bytes and more, more than the 32768 /,
  ),
  bomb(
    'key-value metadata: 17 MB',
    () =>
      withFooter((metadata) =>
        metadata.structs(5, [new Struct().text(1, 'k').text(2, 'v'.repeat(17 << 20))]),
      ),
    'TOO_LARGE',
    /a footer of 17\d+ bytes, more than the 16777216 /,
  ),
  bomb(
    'footer: four million empty structs',
    () => withFooter((metadata) => metadata.list(200, 12, [zeros(4_000_001)], 4_000_001)),
    'TOO_LARGE',
    /values in the footer and more, more than the 4000000 /,
  ),
  bomb(
    'footer: a list of 2^31 elements',
    () => withFooter((metadata) => metadata.list(200, 5, [], 2 ** 31)),
    'UNREADABLE',
    /a list of 2147483648 elements in \d+ bytes/,
  ),
  bomb(
    'footer: structs in each other',
    () => withFooter((metadata) => metadata.struct(200, nested(5_000))),
    'TOO_LARGE',
    /nested deeper than 32/,
  ),
  bomb(
    'footer: lists in each other',
    () => withFooter((metadata) => metadata.list(200, 9, [new Uint8Array(5_000).fill(0x19)], 1)),
    'TOO_LARGE',
    /nested deeper than 32/,
  ),
  bomb(
    'footer: a name that goes on past the end',
    () => withFooter((metadata) => metadata.list(200, 8, [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f)], 1)),
    'UNREADABLE',
    /bytes where fewer are left/,
  ),
  bomb('groups in each other', () => deep(25), 'UNREADABLE', /nested deeper than 20/),
  bomb(
    'children: 2^31 - 1',
    () =>
      makeParquet({
        rows: ROWS,
        columns: tripColumns(ROWS),
        schema: ([root, ...elements]) => [
          root ?? new Struct(),
          ...elements.slice(1),
          new Struct()
            .i32(3, 1)
            .text(4, 'g')
            .i32(5, 2 ** 31 - 1),
        ],
      }),
    'UNREADABLE',
    /g has 2147483647 columns/,
  ),
  bomb(
    'children: fewer than there are',
    () =>
      makeParquet({
        rows: ROWS,
        columns: tripColumns(ROWS),
        schema: ([, ...elements]) => [new Struct().text(4, 'schema').i32(5, 2), ...elements],
      }),
    'UNREADABLE',
    /more than the schema counts/,
  ),
  bomb(
    'values of a chunk: 2^40 in a list',
    () => withColumn({ repetition: 2, claims: { values: 2n ** 40n } }),
    'TOO_LARGE',
    /with 1099511627776 values, more than the 100000000 /,
  ),
  bomb(
    'values of a chunk: fewer than its pages',
    () => withColumn({ repetition: 2, claims: { values: 3 } }),
    'UNREADABLE',
    /pages of 10 values and more, the footer says 3/,
  ),
  bomb(
    'bytes of a chunk: 2^60, decompressed',
    () => withColumn({ claims: { plainBytes: 2n ** 60n } }),
    'TOO_LARGE',
    /bytes when decompressed, more than the 137438953472 /,
  ),
  bomb(
    'bytes of a chunk: negative',
    () => withColumn({ claims: { storedBytes: -5 } }),
    'UNREADABLE',
    /has -5 bytes/,
  ),
  bomb(
    'bytes of a chunk, decompressed: negative',
    () => withColumn({ claims: { plainBytes: -5 } }),
    'UNREADABLE',
    /has -5 bytes when decompressed/,
  ),
  bomb(
    'bytes of a chunk: beyond the file',
    () => withColumn({ claims: { storedBytes: 2 ** 40 } }),
    'UNREADABLE',
    /lies at bytes \d+ to \d+, the data at 4 to /,
  ),
  bomb(
    'offset: beyond the file',
    () => withColumn({ claims: { offset: 2n ** 62n } }),
    'UNREADABLE',
    /lies at bytes /,
  ),
  bomb(
    'offset: negative',
    () => withColumn({ claims: { offset: -8 } }),
    'UNREADABLE',
    /lies at bytes -8 to /,
  ),
  bomb(
    'offset: that of another column',
    () => withColumn({ claims: { offset: 4 } }),
    'UNREADABLE',
    /begins at byte 4, within column /,
  ),
  bomb(
    'page: 600 MB of 600 kB of gzip',
    () => withColumn({ codec: GZIP, pages: [{ ...page, body: zeros(600_000), plainBytes: 600_000_000 }] }),
    'TOO_LARGE',
    /a page of 600000000 bytes, more than the 536870912 /,
  ),
  bomb(
    'page: 1 MB of 20 bytes of gzip',
    () => withColumn({ codec: GZIP, pages: [{ ...page, body: gzipSync(zeros(8)), plainBytes: 1 << 20 }] }),
    'UNREADABLE',
    /claims to become 1048576, which GZIP cannot do/,
  ),
  bomb(
    'page: 1 MB of 80 bytes of snappy',
    () => withColumn({ codec: SNAPPY, pages: [{ ...page, body: zeros(80), plainBytes: 1 << 20 }] }),
    'UNREADABLE',
    /which SNAPPY cannot do/,
  ),
  bomb(
    'page: 1 MB of 80 bytes',
    () => withColumn({ pages: [{ ...page, body: zeros(80), plainBytes: 1 << 20 }] }),
    'UNREADABLE',
    /which UNCOMPRESSED cannot do/,
  ),
  bomb(
    'page of the second version: levels beyond it',
    () =>
      withColumn({ pages: [{ kind: 'data2', values: ROWS, body: zeros(80), definitionBytes: 2 ** 31 - 1 }] }),
    'UNREADABLE',
    /a page of 80 bytes with levels of 2147483647/,
  ),
  bomb(
    'dictionary: 1.8 GB of 2 MB of gzip',
    () =>
      withColumn({
        codec: GZIP,
        pages: [
          { kind: 'dictionary', values: 10, body: zeros(2_000_000), plainBytes: 1_800_000_000 },
          { ...page, body: zeros(3) },
        ],
      }),
    'TOO_LARGE',
    /a dictionary of 1800000000 bytes, more than the 268435456 /,
  ),
  bomb(
    'dictionary: 2^31 - 1 values',
    () =>
      withColumn({
        pages: [
          { kind: 'dictionary', values: 2 ** 31 - 1, body: zeros(80) },
          { ...page, body: zeros(3) },
        ],
      }),
    'TOO_LARGE',
    /a dictionary of 2147483647 values, more than the 20000000 /,
  ),
  bomb(
    'dictionary: behind the data',
    () =>
      withColumn({
        pages: [
          { ...page, values: 5, body: zeros(40) },
          { kind: 'dictionary', values: 1, body: zeros(8) },
          { ...page, values: 5, body: zeros(40) },
        ],
      }),
    'UNREADABLE',
    /a dictionary that is not its first page/,
  ),
  bomb(
    'dictionary: two',
    () =>
      withColumn({
        pages: [
          { kind: 'dictionary', values: 1, body: zeros(8) },
          { kind: 'dictionary', values: 1, body: zeros(8) },
          { ...page, body: zeros(3) },
        ],
      }),
    'UNREADABLE',
    /a dictionary that is not its first page/,
  ),
  bomb(
    'values of 2 GB each',
    () =>
      withColumn({
        type: 7,
        element: (element) =>
          element
            .i32(2, 2 ** 31 - 1)
            .i32(3, 1)
            .text(4, 'more'),
      }),
    'TOO_LARGE',
    /values of 2147483647 bytes each, more than the 1048576 /,
  ),
  bomb(
    'values of -1 byte each',
    () => withColumn({ type: 7, element: (element) => element.i32(2, -1).i32(3, 1).text(4, 'more') }),
    'UNREADABLE',
    /values of -1 bytes each/,
  ),
  bomb(
    'decimal: 10^9 digits',
    () =>
      withColumn({
        element: (element) => element.i32(3, 0).text(4, 'more').i32(6, 5).i32(7, 2).i32(8, 1_000_000_000),
      }),
    'TOO_LARGE',
    /of 1000000000 digits, more than the 1000 /,
  ),
  bomb(
    'encrypted',
    () => withColumn({ chunk: (chunk) => chunk.struct(8, new Struct().struct(1, new Struct())) }),
    'UNREADABLE',
    /is encrypted/,
  ),
  bomb(
    'in another file',
    () => withColumn({ before: (chunk) => chunk.text(1, '/etc/passwd') }),
    'UNREADABLE',
    /lies in another file, "\/etc\/passwd"/,
  ),
  bomb(
    'page index: beyond the file',
    () => withColumn({ chunk: (chunk) => chunk.i64(4, 2n ** 40n).i32(5, 100) }),
    'UNREADABLE',
    /has the page index at bytes 1099511627776 /,
  ),
  bomb(
    'page index: negative length',
    () => withColumn({ chunk: (chunk) => chunk.i64(6, 4).i32(7, -1) }),
    'UNREADABLE',
    /has the page index at bytes 4 to 3 /,
  ),
  bomb(
    'Bloom filter: beyond the file',
    () => withColumn({ metadata: (metadata) => metadata.i64(14, 4).i32(15, 2 ** 31 - 1) }),
    'UNREADABLE',
    /has the Bloom filter at bytes 4 to 2147483651 /,
  ),
];

function bomb(name: string, make: () => Uint8Array, code: RefusalCode, because: RegExp): Bomb {
  return { name, make, refused: { code, because } };
}
