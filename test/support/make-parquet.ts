/** Parquet files written byte by byte, so that any value in them can be a lie. */
import { varint, zigzag } from '../../warehouse/thrift-leaves.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sized = (bytes: Uint8Array): Uint8Array => Buffer.concat([varint(BigInt(bytes.length)), bytes]);

/** A struct of Thrift's compact protocol. Fields are written in the order in which they are set. */
export class Struct {
  #parts: Uint8Array[] = [];
  #last = 0;

  #field(id: number, type: number): void {
    const delta = id - this.#last;
    this.#parts.push(
      delta > 0 && delta < 16
        ? Uint8Array.of((delta << 4) | type)
        : Buffer.concat([Uint8Array.of(type), zigzag(BigInt(id))]),
    );
    this.#last = id;
  }

  #set(id: number, type: number, value: Uint8Array): this {
    this.#field(id, type);
    this.#parts.push(value);
    return this;
  }

  i32(id: number, value: number): this {
    return this.#set(id, 5, zigzag(BigInt(value)));
  }

  i64(id: number, value: number | bigint): this {
    return this.#set(id, 6, zigzag(BigInt(value)));
  }

  text(id: number, value: string): this {
    return this.#set(id, 8, sized(bytesOf(value)));
  }

  struct(id: number, value: Struct): this {
    return this.#set(id, 12, value.bytes());
  }

  /** @param count what it claims, where that is not so many */
  list(id: number, type: number, elements: readonly Uint8Array[], count = elements.length): this {
    const head =
      count < 15
        ? Uint8Array.of((count << 4) | type)
        : Buffer.concat([Uint8Array.of(0xf0 | type), varint(BigInt(count))]);
    return this.#set(id, 9, Buffer.concat([head, ...elements]));
  }

  structs(id: number, elements: readonly Struct[]): this {
    return this.list(
      id,
      12,
      elements.map((element) => element.bytes()),
    );
  }

  bytes(): Uint8Array {
    return Buffer.concat([...this.#parts, Uint8Array.of(0)]);
  }
}

export interface MadePage {
  kind: 'data' | 'dictionary' | 'data2';
  body: Uint8Array;
  values: number;
  /** Claimed; the body's length by default. */
  plainBytes?: number;
  /** Of `data2`. */
  definitionBytes?: number;
  nulls?: number;
}

export interface MadeColumn {
  name: string;
  /** The format's numbers. */
  type: number;
  converted?: number;
  repetition?: number;
  pages: readonly MadePage[];
  codec?: number;
  /** More fields of the schema's element, which come after field 6. */
  element?: (element: Struct) => Struct;
  /** Claims of the chunk. */
  claims?: {
    values?: number | bigint;
    plainBytes?: number | bigint;
    storedBytes?: number | bigint;
    offset?: number | bigint;
  };
  /** More fields of the chunk's metadata, which come after field 9 (or 11). */
  metadata?: (metadata: Struct) => Struct;
  /** More fields of the chunk, which come after field 3. */
  chunk?: (chunk: Struct) => Struct;
  /** Fields of the chunk before its third. */
  before?: (chunk: Struct) => Struct;
}

const PLAIN = 0;
const DICTIONARY = 8;
const RLE = 3;

function header(
  { kind, body, values, plainBytes, definitionBytes = 0, nulls = 0 }: MadePage,
  encoding: number,
): Struct {
  const plain = plainBytes ?? body.length;
  const struct = new Struct()
    .i32(1, { data: 0, dictionary: 2, data2: 3 }[kind])
    .i32(2, plain)
    .i32(3, body.length);
  if (kind === 'data')
    return struct.struct(5, new Struct().i32(1, values).i32(2, encoding).i32(3, RLE).i32(4, RLE));
  if (kind === 'dictionary') return struct.struct(7, new Struct().i32(1, values).i32(2, PLAIN));
  const own = new Struct().i32(1, values).i32(2, nulls).i32(3, values).i32(4, encoding);
  return struct.struct(8, own.i32(5, definitionBytes).i32(6, 0));
}

/** @param groups how often the same chunks are listed as a row group: only the first time do they lie in the file */
export function makeParquet({
  columns,
  rows,
  groups = 1,
  schema = (elements) => elements,
  footer = (metadata) => metadata,
}: {
  columns: readonly MadeColumn[];
  /** Of the footer and of each row group. */
  rows: number | bigint;
  groups?: number;
  schema?: (elements: Struct[]) => Struct[];
  /** More fields of the footer, which come after field 4. */
  footer?: (metadata: Struct) => Struct;
}): Uint8Array {
  const parts: Uint8Array[] = [bytesOf('PAR1')];
  let at = 4;
  const write = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  const chunks = columns.map((column) => {
    const { name, type, pages, codec = 0, claims = {} } = column;
    const start = at;
    const encoding = pages[0]?.kind === 'dictionary' ? DICTIONARY : PLAIN;
    let plainBytes = 0;
    let dataAt = start;
    for (const page of pages) {
      const head = header(page, encoding).bytes();
      if (page.kind !== 'dictionary') dataAt = dataAt === start ? at : dataAt;
      plainBytes += head.length + (page.plainBytes ?? page.body.length);
      write(head);
      write(page.body);
    }
    const metadata = new Struct()
      .i32(1, type)
      .list(2, 5, [zigzag(0n), zigzag(8n), zigzag(3n)])
      .list(3, 8, [sized(bytesOf(name))])
      .i32(4, codec)
      .i64(5, claims.values ?? rows)
      .i64(6, claims.plainBytes ?? plainBytes)
      .i64(7, claims.storedBytes ?? at - start)
      .i64(9, claims.offset ?? (encoding === DICTIONARY ? dataAt : start));
    if (encoding === DICTIONARY) metadata.i64(11, start);
    const chunk = (column.before?.(new Struct()) ?? new Struct()).i64(2, start);
    chunk.struct(3, column.metadata?.(metadata) ?? metadata);
    return column.chunk?.(chunk) ?? chunk;
  });
  const root = new Struct().text(4, 'schema').i32(5, columns.length);
  const elements = columns.map((column) => {
    const element = new Struct().i32(1, column.type);
    if (column.element !== undefined) return column.element(element);
    element.i32(3, column.repetition ?? 0).text(4, column.name);
    return column.converted === undefined ? element : element.i32(6, column.converted);
  });
  const group = new Struct().structs(1, chunks).i64(2, at).i64(3, rows);
  const metadata = new Struct()
    .i32(1, 1)
    .structs(2, schema([root, ...elements]))
    .i64(3, BigInt(rows) * BigInt(groups))
    .structs(4, Array<Struct>(groups).fill(group));
  const footerBytes = footer(metadata).bytes();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footerBytes.length);
  return Buffer.concat([...parts, footerBytes, length, bytesOf('PAR1')]);
}

export const INT64 = 2;
export const INT96 = 3;
export const DOUBLE = 5;
const TIMESTAMP_MICROS = 10;

/** @param values of eight bytes each */
export function plainPage(values: BigInt64Array | Float64Array): MadePage {
  const body = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { kind: 'data', body, values: values.length };
}

export const integers = (rows: number, value: bigint): MadePage =>
  plainPage(new BigInt64Array(rows).fill(value));

/** The least columns that make yellow-taxi trips, of January 2024. */
export function tripColumns(rows: number): MadeColumn[] {
  const pickup = 1_704_103_200_000_000n;
  const time = integers(rows, pickup);
  return [
    { name: 'VendorID', type: INT64, pages: [integers(rows, 1n)] },
    { name: 'tpep_pickup_datetime', type: INT64, converted: TIMESTAMP_MICROS, pages: [time] },
    { name: 'tpep_dropoff_datetime', type: INT64, converted: TIMESTAMP_MICROS, pages: [time] },
    { name: 'trip_distance', type: DOUBLE, pages: [plainPage(new Float64Array(rows).fill(1.5))] },
    { name: 'PULocationID', type: INT64, pages: [integers(rows, 7n)] },
  ];
}
