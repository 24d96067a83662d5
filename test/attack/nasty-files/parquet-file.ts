/** Writes Parquet files byte by byte, true ones and such as lie in any of their fields. Five columns as TLC's have, unless told otherwise. */
import { Struct, text, zigzag } from './thrift.ts';

export interface Page {
  kind: 'data' | 'dictionary' | 'v2';
  body: Buffer;
  /** What the page says of itself, where that is not its body's. */
  size?: number;
  compressedSize?: number;
  values: number;
  /** 0: plain. 5: delta. 8: indices of a dictionary. */
  encoding?: number;
}

export interface Column {
  name: string;
  /** 1: int32. 2: int64. 3: int96. 5: double. 6: bytes. 7: bytes of a fixed length. */
  type: number;
  /** 10: a timestamp in microseconds. */
  converted?: number;
  typeLength?: number;
  pages: readonly Page[];
  /** In the chunk's metadata. */
  values?: number | bigint;
  codec?: number;
  offset?: number | bigint;
  dictionaryOffset?: number | bigint;
  totalSize?: number | bigint;
  totalUncompressed?: number | bigint;
  path?: string;
  encodings?: readonly number[];
  statistics?: Struct;
  more?: (chunk: Struct) => Struct;
}

export interface ParquetSpec {
  columns: readonly Column[];
  rows: number | bigint;
  groupRows?: number | bigint;
  /** So many row groups, all of the same pages. */
  groups?: number;
  keyValues?: readonly [string, string | Buffer][];
  magic?: string;
  /** The schema, instead of the columns'. */
  schema?: readonly Buffer[];
  claimedSchema?: number;
  claimedGroups?: number;
  more?: (footer: Struct) => Struct;
  /** What the last eight bytes say, where that is not the footer's length. */
  footerLength?: number;
}

export const schemaElement = ({
  name,
  type,
  converted,
  typeLength,
  children,
}: {
  name: string | Buffer;
  type?: number;
  converted?: number;
  typeLength?: number;
  children?: number;
}): Buffer => {
  const element = new Struct().i32(1, type).i32(2, typeLength);
  if (type !== undefined) element.i32(3, 0);
  return element.text(4, name).i32(5, children).i32(6, converted).bytes();
};

export function parquetFile(spec: ParquetSpec): Buffer {
  const { columns, rows, magic = 'PAR1' } = spec;
  const pieces: Buffer[] = [Buffer.from(magic)];
  let at = magic.length;
  const add = (bytes: Buffer): void => {
    pieces.push(bytes);
    at += bytes.length;
  };
  const chunks = columns.map((column) => {
    const began = at;
    let firstData: number | undefined;
    let dictionary: number | undefined;
    let uncompressed = 0;
    for (const page of column.pages) {
      const header = pageHeader(page);
      if (page.kind === 'dictionary') dictionary ??= at;
      else firstData ??= at;
      add(header);
      add(page.body);
      uncompressed += header.length + (page.size ?? page.body.length);
    }
    const meta = new Struct()
      .i32(1, column.type)
      .list(2, 'i32', (column.encodings ?? [0, 3, 8]).map(zigzag))
      .list(3, 'binary', [text(column.name)])
      .i32(4, column.codec ?? 0)
      .i64(5, column.values ?? rows)
      .i64(6, column.totalUncompressed ?? uncompressed)
      .i64(7, column.totalSize ?? at - began)
      .i64(9, column.offset ?? firstData ?? began)
      .i64(11, column.dictionaryOffset ?? dictionary)
      .struct(12, column.statistics);
    const chunk = new Struct().text(1, column.path).i64(2, began).struct(3, meta);
    return (column.more?.(chunk) ?? chunk).bytes();
  });
  const group = new Struct()
    .list(1, 'struct', chunks)
    .i64(2, at - 4)
    .i64(3, spec.groupRows ?? rows)
    .bytes();
  const groups = Array.from({ length: spec.groups ?? 1 }, () => group);
  const schema = spec.schema ?? [
    schemaElement({ name: 'schema', children: columns.length }),
    ...columns.map(schemaElement),
  ];
  const footer = new Struct()
    .i32(1, 1)
    .list(2, 'struct', schema, spec.claimedSchema)
    .i64(3, rows)
    .list(4, 'struct', groups, spec.claimedGroups);
  if (spec.keyValues !== undefined)
    footer.list(
      5,
      'struct',
      spec.keyValues.map(([key, value]) => new Struct().text(1, key).text(2, value).bytes()),
    );
  const bytes = (spec.more?.(footer) ?? footer).bytes();
  add(bytes);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE((spec.footerLength ?? bytes.length) >>> 0);
  add(tail);
  add(Buffer.from(magic));
  return Buffer.concat(pieces);
}

function pageHeader({ kind, body, size, compressedSize, values, encoding = 0 }: Page): Buffer {
  const header = new Struct()
    .i32(1, { data: 0, dictionary: 2, v2: 3 }[kind])
    .i32(2, size ?? body.length)
    .i32(3, compressedSize ?? body.length);
  if (kind === 'data') header.struct(5, new Struct().i32(1, values).i32(2, encoding).i32(3, 3).i32(4, 3));
  else if (kind === 'dictionary') header.struct(7, new Struct().i32(1, values).i32(2, encoding));
  else
    header.struct(
      8,
      new Struct().i32(1, values).i32(2, 0).i32(3, values).i32(4, encoding).i32(5, 0).i32(6, 0),
    );
  return header.bytes();
}

/** Plain values, of a month's first trips. @param month as in `2031-07` */
export function tripColumns({
  month,
  rows,
  seed = 1,
}: {
  month: string;
  rows: number;
  seed?: number;
}): Column[] {
  const begin = BigInt(Date.parse(`${month}-01T00:00:00Z`)) * 1000n;
  const ints = (valueOf: (row: number) => bigint): Page => {
    const body = Buffer.alloc(8 * rows);
    for (let row = 0; row < rows; row += 1) body.writeBigInt64LE(valueOf(row), 8 * row);
    return { kind: 'data', body, values: rows };
  };
  const distances = Buffer.alloc(8 * rows);
  for (let row = 0; row < rows; row += 1) distances.writeDoubleLE(((row * 7 + seed) % 900) / 100, 8 * row);
  return [
    { name: 'VendorID', type: 2, pages: [ints(() => 1n)] },
    {
      name: 'tpep_pickup_datetime',
      type: 2,
      converted: 10,
      pages: [ints((row) => begin + BigInt(row + seed) * 1_000_000n)],
    },
    {
      name: 'tpep_dropoff_datetime',
      type: 2,
      converted: 10,
      pages: [ints((row) => begin + BigInt(row + 600) * 1_000_000n)],
    },
    { name: 'trip_distance', type: 5, pages: [{ kind: 'data', body: distances, values: rows }] },
    { name: 'PULocationID', type: 2, pages: [ints((row) => BigInt(1 + (row % 265)))] },
  ];
}
