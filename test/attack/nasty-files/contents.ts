/** What files can hold that is not what it says, or far more than there is. None of them may take the machine, or stop others. */
import { gzipSync } from 'node:zlib';
import { brotliOfZeros, deltasOf, gzipOfZeros, lz4OfZeros, runOf, zstdOf } from './bombs.ts';
import { parquetFile, schemaElement, tripColumns, type Column, type ParquetSpec } from './parquet-file.ts';
import { Struct, text, varint, zigzag } from './thrift.ts';

/** Makes a file's bytes. @param month of its trips */
export type Content = (month: string) => Buffer;

const ROWS = 20;
const CODEC = { gzip: 2, brotli: 4, zstd: 6, lz4Raw: 7 } as const;

/** A true file of 20 trips, with something changed. */
const trips =
  (change: (columns: Column[], month: string) => Partial<ParquetSpec>): Content =>
  (month) => {
    const columns = tripColumns({ month, rows: ROWS, seed: Number(month.replace('-', '')) });
    return parquetFile({ columns, rows: ROWS, ...change(columns, month) });
  };
/** The same change to every column. */
const each = (change: (column: Column) => Partial<Column>): Content =>
  trips((columns) => ({ columns: columns.map((column) => ({ ...column, ...change(column) })) }));
const withColumn = (column: Column): Content => trips((columns) => ({ columns: [...columns, column] }));
const ones = (rows = ROWS): Column['pages'] => {
  const body = Buffer.alloc(8 * rows);
  for (let row = 0; row < rows; row += 1) body.writeBigInt64LE(1n, 8 * row);
  return [{ kind: 'data', body, values: rows }];
};
const extra = (name: string): Content => withColumn({ name, type: 2, pages: ones() });

/** All values of each column are its first, by a dictionary of one and runs: true, and as many as wanted in some hundred bytes. */
const repeated =
  (rows: number | bigint, pages = 1): Content =>
  (month) =>
    parquetFile({
      rows,
      columns: tripColumns({ month, rows: 1 }).map(({ pages: [first], ...column }) => ({
        ...column,
        values: rows,
        pages: [
          { kind: 'dictionary', body: first?.body ?? Buffer.alloc(8), values: 1 },
          ...Array.from({ length: pages }, () => {
            const values = Number(BigInt(rows) / BigInt(pages));
            return { kind: 'data' as const, body: runOf(values), values, encoding: 8 };
          }),
        ],
      })),
    });

const bombOf =
  (codec: number, body: () => Buffer, bytes: number): Content =>
  (month) => {
    const packed = body();
    const values = bytes / 8;
    const [, pickup, dropoff, distance, zone] = tripColumns({ month, rows: 1 });
    const columns = [pickup, dropoff, distance, zone].flatMap((column) => column ?? []);
    return parquetFile({
      rows: values,
      columns: columns.map((column) => ({
        ...column,
        codec,
        values,
        pages: [{ kind: 'data', body: packed, size: bytes, values }],
      })),
    });
  };

const dictionaryBomb =
  (codec: number, body: () => Buffer, bytes: number, pack: (plain: Buffer) => Buffer): Content =>
  (month) => {
    const packed = body();
    const indices = runOf(ROWS);
    return parquetFile({
      rows: ROWS,
      columns: tripColumns({ month, rows: 1 }).map((column) => ({
        ...column,
        codec,
        pages: [
          { kind: 'dictionary', body: packed, size: bytes, values: bytes / 8 },
          { kind: 'data', body: pack(indices), size: indices.length, values: ROWS, encoding: 8 },
        ],
      })),
    });
  };

/** A text as long as that, once in the file and once in every row. */
const longText =
  (length: number, rows: number): Content =>
  (month) => {
    const value = Buffer.concat([Buffer.alloc(4), Buffer.alloc(length, 'x')]);
    value.writeUInt32LE(length);
    return parquetFile({
      rows,
      columns: [
        ...tripColumns({ month, rows }),
        {
          name: 'remark',
          type: 6,
          pages: [
            { kind: 'dictionary', body: value, values: 1 },
            { kind: 'data', body: runOf(rows), values: rows, encoding: 8 },
          ],
        },
      ],
    });
  };

const nested = (depth: number): Content =>
  trips((columns) => ({
    schema: [
      schemaElement({ name: 'schema', children: columns.length + 1 }),
      ...columns.map(schemaElement),
      ...Array.from({ length: depth }, (_, n) => schemaElement({ name: `g${n}`, children: 1 })),
      schemaElement({ name: 'leaf', type: 2 }),
    ],
  }));

const footerOf =
  (footer: Buffer): Content =>
  () => {
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(footer.length);
    return Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64), footer, tail, Buffer.from('PAR1')]);
  };

const BIG = 768 * 2 ** 20;
let packedZeros: Buffer | undefined;
/** Made once: it takes a second. */
const gzipOfBig = (): Buffer => (packedZeros ??= gzipOfZeros(BIG / 2 ** 24));
const LIES = [-1n, 0n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, -(1n << 63n)];

export const CONTENTS: Readonly<Record<string, Content>> = {
  // How many rows there are, said in each place.
  ...Object.fromEntries(
    LIES.flatMap((lie) => [
      [`footer says ${lie} rows`, trips(() => ({ rows: lie, groupRows: ROWS }))],
      [`group says ${lie} rows`, trips(() => ({ groupRows: lie }))],
      [`chunks say ${lie} values`, each(() => ({ values: lie }))],
      [`all but pages say ${lie} rows`, trips(() => ({ rows: lie, groupRows: lie }))],
      [`chunks begin at ${lie}`, each(() => ({ offset: lie }))],
      [`dictionaries begin at ${lie}`, each(() => ({ dictionaryOffset: lie }))],
      [`chunks have ${lie} bytes`, each(() => ({ totalSize: lie, totalUncompressed: lie }))],
    ]),
  ),
  'pages say 2^31 - 1 values': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, values: 2 ** 31 - 1 })),
  })),
  'pages say -1 values': each(({ pages }) => ({ pages: pages.map((page) => ({ ...page, values: -1 })) })),
  'pages say 2^31 - 1 bytes': each(({ pages }) => ({
    codec: CODEC.gzip,
    pages: pages.map((page) => ({ ...page, body: gzipSync(page.body), size: 2 ** 31 - 1 })),
  })),
  'pages say -5 bytes': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, size: -5, compressedSize: -5 })),
  })),
  'pages say 2^31 - 1 compressed bytes': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, compressedSize: 2 ** 31 - 1 })),
  })),
  'version 2 pages': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, kind: 'v2' as const })),
  })),
  'version 2 pages say 2^31 - 1 bytes': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, kind: 'v2' as const, size: 2 ** 31 - 1 })),
  })),
  // True, and more than anyone wants.
  'two million rows in runs': repeated(2_000_000),
  'two milliard rows in runs': repeated(2 ** 31 - 2),
  '2^36 rows in runs of 64 pages': repeated(2n ** 36n, 64),
  'deltas for two milliard rows': (month) =>
    parquetFile({
      rows: 2 ** 31 - 1,
      columns: tripColumns({ month, rows: 1 }).map((column) => ({
        ...column,
        type: 2,
        values: 2 ** 31 - 1,
        encodings: [5],
        pages: [
          {
            kind: 'data',
            body: deltasOf(2 ** 31 - 1, 1_900_000_000_000_000n),
            values: 2 ** 31 - 1,
            encoding: 5,
          },
        ],
      })),
    }),
  'deltas in blocks of 2^62': each(() => ({
    type: 2,
    encodings: [5],
    pages: [{ kind: 'data', body: deltasOf(ROWS, 1n, 1n << 62n), values: ROWS, encoding: 5 }],
  })),
  'four thousand groups of the same pages': (month) =>
    parquetFile({
      columns: tripColumns({ month, rows: 5_000 }),
      rows: 5_000 * 4_000,
      groupRows: 5_000,
      groups: 4_000,
    }),
  'sixty thousand empty groups': trips(() => ({ rows: 0, groupRows: 0, groups: 60_000 })),
  'ten thousand columns of the same chunk': trips((columns) => ({
    columns: [
      ...columns,
      ...Array.from({ length: 10_000 }, (_, n): Column => ({
        name: `same${n}`,
        type: 2,
        pages: [],
        offset: 4,
        totalSize: 180,
      })),
    ],
  })),
  'a hundred thousand columns': trips((columns) => ({
    columns: [
      ...columns,
      ...Array.from({ length: 100_000 }, (_, n): Column => ({ name: `x${n}`, type: 2, pages: ones() })),
    ],
  })),
  'a text of 1 MB in 20,000 rows': longText(1_000_000, 20_000),
  'a text of 60 MB in 20 rows': longText(60_000_000, ROWS),
  'gzip pages of zeros': bombOf(CODEC.gzip, () => gzipOfBig(), BIG),
  'zstd pages of zeros': bombOf(CODEC.zstd, () => zstdOf(0, BIG), BIG),
  'brotli pages of zeros': bombOf(CODEC.brotli, () => brotliOfZeros(2 ** 28), 2 ** 28),
  'lz4 pages of zeros': bombOf(CODEC.lz4Raw, () => lz4OfZeros(2 ** 28), 2 ** 28),
  'a gzip dictionary of zeros': dictionaryBomb(CODEC.gzip, () => gzipOfBig(), BIG, gzipSync),
  'a zstd page of zeros that says 160 bytes': each(() => ({
    codec: CODEC.zstd,
    pages: [{ kind: 'data', body: zstdOf(0, BIG), size: 8 * ROWS, values: ROWS }],
  })),
  'a gzip page of zeros that says 160 bytes': each(() => ({
    codec: CODEC.gzip,
    pages: [{ kind: 'data', body: gzipOfBig(), size: 8 * ROWS, values: ROWS }],
  })),
  // The schema.
  'nested 100 deep': nested(100),
  'nested 20,000 deep': nested(20_000),
  'two milliard children': trips((columns) => ({
    schema: [schemaElement({ name: 'schema', children: 2 ** 31 - 1 }), ...columns.map(schemaElement)],
  })),
  '-1 children': trips((columns) => ({
    schema: [schemaElement({ name: 'schema', children: -1 }), ...columns.map(schemaElement)],
  })),
  'no root': trips((columns) => ({ schema: columns.map(schemaElement) })),
  'a group of no columns': trips((columns) => ({
    schema: [
      schemaElement({ name: 'schema', children: columns.length + 1 }),
      ...columns.map(schemaElement),
      schemaElement({ name: 'nothing', children: 0 }),
    ],
  })),
  'bytes of length 2^31 - 1': withColumn({ name: 'fixed', type: 7, typeLength: 2 ** 31 - 1, pages: ones() }),
  'bytes of length -1': withColumn({ name: 'fixed', type: 7, typeLength: -1, pages: ones() }),
  'a type that is none': withColumn({ name: 'odd', type: 99, pages: ones() }),
  'a conversion that is none': withColumn({ name: 'odd', type: 2, converted: 99, pages: ones() }),
  'a name of 1 MB': extra('n'.repeat(1_000_000)),
  'a name of control characters': extra('\u001b[2J\u202e\u0007\n\r\0x'),
  'a name that is no UTF-8': trips((columns) => ({
    schema: [
      schemaElement({ name: 'schema', children: columns.length + 1 }),
      ...columns.map(schemaElement),
      schemaElement({ name: Buffer.from([0xff, 0xfe, 0x80]), type: 2 }),
    ],
    columns: [...columns, { name: '\ufffd', type: 2, pages: ones() }],
  })),
  'no name': extra(''),
  'a column __proto__': extra('__proto__'),
  'a column constructor': extra('constructor'),
  'a column toString': extra('toString'),
  'a column that is SQL': extra("x'); DROP TABLE trips; --"),
  'a column with a backtick': extra('`) , sleep(3), (`'),
  'a column with a brace': extra('{x:UInt8}'),
  'a column load_id': extra('load_id'),
  'a column row_number': extra('row_number'),
  'a column _file': extra('_file'),
  'a column _path': extra('_path'),
  'a column extra.x': extra('extra.x'),
  'a pickup twice': trips((columns) => ({ columns: [...columns, ...columns.slice(1, 2)] })),
  'a pickup as bytes': each(({ name, pages }) => (name === 'tpep_pickup_datetime' ? { type: 6, pages } : {})),
  'pickups at the ends of time': trips((columns) => ({
    columns: columns.map((column) => {
      if (column.name !== 'tpep_pickup_datetime') return column;
      const body = Buffer.alloc(8 * ROWS);
      for (let row = 0; row < ROWS; row += 1)
        body.writeBigInt64LE([(1n << 63n) - 1n, -(1n << 63n), 0n, -1n][row % 4] ?? 0n, 8 * row);
      return { ...column, pages: [{ kind: 'data' as const, body, values: ROWS }] };
    }),
  })),
  // Pages and chunks.
  'a codec that is none': each(() => ({ codec: 99 })),
  LZO: each(() => ({ codec: 3 })),
  'an encoding that is none': each(({ pages }) => ({
    pages: pages.map((page) => ({ ...page, encoding: 77 })),
  })),
  'chunks of another file': each(() => ({ path: '/etc/passwd' })),
  'chunks of the footer': trips((columns) => ({
    columns: columns.map((column) => ({ ...column, offset: 100_000 })),
  })),
  'indices beyond the dictionary': each(() => ({
    pages: [
      { kind: 'dictionary', body: Buffer.alloc(8), values: 1 },
      { kind: 'data', body: Buffer.from([32, ROWS << 1, 0xff, 0xff, 0xff, 0x7f]), values: ROWS, encoding: 8 },
    ],
  })),
  'indices of 255 bits': each(() => ({
    pages: [
      { kind: 'dictionary', body: Buffer.alloc(8), values: 1 },
      {
        kind: 'data',
        body: Buffer.from([255, 3, ...Array.from({ length: 64 }, () => 255)]),
        values: ROWS,
        encoding: 8,
      },
    ],
  })),
  'indices without a dictionary': each(() => ({
    pages: [{ kind: 'data', body: runOf(ROWS), values: ROWS, encoding: 8 }],
  })),
  'a run of 2^60': each(() => ({
    pages: [
      { kind: 'dictionary', body: Buffer.alloc(8), values: 1 },
      { kind: 'data', body: runOf(1n << 60n), values: ROWS, encoding: 8 },
    ],
  })),
  'a text of 2^31 bytes': withColumn({
    name: 'remark',
    type: 6,
    pages: [{ kind: 'data', body: Buffer.from([255, 255, 255, 127, 1]), values: ROWS }],
  }),
  'statistics of 20 MB': each(() => ({ statistics: new Struct().text(1, Buffer.alloc(4_000_000, 1)) })),
  'indexes and filters beyond the end': each(() => ({
    more: (chunk) =>
      chunk
        .i64(4, 1n << 40n)
        .i32(5, 2 ** 31 - 1)
        .i64(6, -1)
        .i32(7, 2 ** 31 - 1),
  })),
  'key and value of 40 MB': trips(() => ({ keyValues: [['k', Buffer.alloc(40_000_000, 'v')]] })),
  'fifty thousand keys': trips(() => ({
    keyValues: Array.from({ length: 50_000 }, (_, n): [string, string] => [`k${n}`, 'v']),
  })),
  'an Arrow schema that is none': trips(() => ({ keyValues: [['ARROW:schema', '////'.repeat(1_000)]] })),
  'pandas metadata that is none': trips(() => ({
    keyValues: [['pandas', '{"columns":[{"name":["__proto__"]']],
  })),
  'an encrypted footer': trips(() => ({ magic: 'PARE' })),
  'an encryption of which nothing is known': trips(() => ({
    more: (footer) => footer.struct(8, new Struct().struct(1, new Struct())),
  })),
  // Thrift itself.
  'a footer of zeros': footerOf(Buffer.alloc(1_000)),
  'a footer of 255s': footerOf(Buffer.alloc(1_000, 255)),
  'a footer of lists of two milliard': footerOf(
    new Struct()
      .i32(1, 1)
      .list(2, 'struct', [], 2 ** 31 - 1)
      .bytes(),
  ),
  'a footer of a text of two milliard': footerOf(
    Buffer.concat([
      new Struct().i32(1, 1).bytes().subarray(0, -1),
      Buffer.from([0x58]),
      varint(2 ** 31 - 1),
      Buffer.alloc(9),
    ]),
  ),
  'a footer of structs 300,000 deep': footerOf(Buffer.alloc(300_000, 0x1c)),
  'a footer of lists 300,000 deep': footerOf(
    Buffer.concat([Buffer.from([0x19]), Buffer.alloc(300_000, 0x19)]),
  ),
  'a number without an end': footerOf(Buffer.concat([Buffer.from([0x15]), Buffer.alloc(5_000, 0x80)])),
  'a map of two milliard': footerOf(
    Buffer.concat([Buffer.from([0x1b]), varint(2 ** 31 - 1), Buffer.from([0x88, 0, 0])]),
  ),
  'groups said to be two milliard': trips(() => ({ claimedGroups: 2 ** 31 - 1 })),
  'a schema said to be two milliard': trips(() => ({ claimedSchema: 2 ** 31 - 1 })),
  'a footer longer than the file': trips(() => ({ footerLength: 2 ** 31 - 1 })),
  'a footer of 0 bytes': trips(() => ({ footerLength: 0 })),
  'a footer of -1 bytes': trips(() => ({ footerLength: -1 })),
  'created by 30 MB': trips(() => ({ more: (footer) => footer.text(6, Buffer.alloc(30_000_000, 'c')) })),
  // No Parquet.
  'no bytes': () => Buffer.alloc(0),
  'four bytes': () => Buffer.from('PAR1'),
  'eight bytes': () => Buffer.from('PAR1PAR1'),
  'twelve bytes': () => Buffer.from('PAR1\0\0\0\0PAR1'),
  HTML: () => Buffer.from('<!doctype html><title>404</title><script>document.title=1</script>'),
  'HTML with an end as of Parquet': () => Buffer.from(`PAR1<html>${'x'.repeat(5_000)}\x40\0\0\0PAR1`),
  'an LFS pointer': () => Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
  gzip: () => gzipSync('PAR1'.repeat(1_000)),
  zip: () => Buffer.from(`PK\x03\x04${'\0'.repeat(2_000)}`, 'latin1'),
  PDF: () => Buffer.from(`%PDF-1.7\n${'x'.repeat(2_000)}\n%%EOF`),
  ORC: () => Buffer.from(`ORC${'\0'.repeat(2_000)}ORC`),
  'an Arrow file': () => Buffer.from(`ARROW1\0\0${'\0'.repeat(2_000)}ARROW1`),
  SQLite: () => Buffer.from(`SQLite format 3\0${'\0'.repeat(4_000)}`),
  'escape sequences': () => Buffer.from('\u001b]0;pwned\u0007\u001b[31m\u202eTAR1'),
  'random bytes between magic': () =>
    Buffer.concat([
      Buffer.from('PAR1'),
      Buffer.from(Array.from({ length: 50_000 }, (_, n) => (n * 7919) % 251)),
      Buffer.from('PAR1'),
    ]),
  'other data': (month) =>
    parquetFile({
      rows: ROWS,
      columns: [
        { name: 'salary', type: 2, pages: ones() },
        { name: `of_${month}`, type: 2, pages: ones() },
      ],
    }),
  'text where numbers are': trips((columns) => ({
    columns: columns.map((column) =>
      column.name === 'trip_distance'
        ? {
            ...column,
            type: 6,
            pages: [
              {
                kind: 'data' as const,
                body: Buffer.concat(
                  Array.from({ length: ROWS }, () =>
                    Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from('far')]),
                  ),
                ),
                values: ROWS,
              },
            ],
          }
        : column,
    ),
  })),
  'a footer whose types are all text': footerOf(
    new Struct().text(1, 'one').text(2, 'schema').text(3, 'rows').text(4, 'groups').bytes(),
  ),
  'a footer of fields backwards': footerOf(
    Buffer.concat([
      Buffer.from([0x05]),
      zigzag(-300),
      zigzag(1),
      Buffer.from([0x08]),
      zigzag(2),
      text('x'),
      Buffer.from([0]),
    ]),
  ),
};
