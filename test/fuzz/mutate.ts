/** Damaged copies of a Parquet file, each by one seed: what a broken disk, writer or transfer might make of it, and worse. */
import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { readZigzag, thriftLeaves, varint, zigzag, type Leaf } from '../../warehouse/thrift-leaves.ts';

export interface Mutation {
  bytes: Buffer;
  /** What was done, for people. */
  what: string;
}

interface Parts {
  bytes: Buffer;
  metadata: FileMetaData;
  footerStart: number;
  footerLeaves: Leaf[];
  pages: { column: string; leaves: Leaf[]; bodyStart: number; bodyEnd: number }[];
  random: () => number;
}

const TAIL_BYTES = 8;

function readParts(bytes: Buffer, random: () => number): Parts {
  const footerStart = bytes.length - TAIL_BYTES - bytes.readUInt32LE(bytes.length - TAIL_BYTES);
  const metadata = parquetMetadata(new Uint8Array(bytes.subarray(footerStart)).buffer);
  const pages: Parts['pages'] = [];
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: chunk } of columns) {
      if (chunk === undefined) continue;
      let at = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
      const chunkEnd = at + Number(chunk.total_compressed_size);
      while (at < chunkEnd) {
        const { leaves, end } = thriftLeaves(bytes, at);
        const size = leaves.find(({ path }) => path === '3');
        if (size === undefined) throw new RangeError('a page without a size');
        const bodyEnd = end + Number(readZigzag(bytes, size));
        pages.push({ column: chunk.path_in_schema.join('.'), leaves, bodyStart: end, bodyEnd });
        at = bodyEnd;
      }
    }
  }
  const footerLeaves = thriftLeaves(bytes, footerStart).leaves;
  return { bytes, metadata, footerStart, footerLeaves, pages, random };
}

const below = (random: () => number, limit: number): number => Math.floor(random() * limit);

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** What the answers depend on is hit every other time. */
const MATTERS = /pickup_datetime|trip_distance/i;

function pickPage({ pages, random }: Parts): Parts['pages'][number] {
  const matter = pages.filter(({ column }) => MATTERS.test(column));
  return pick(random, random() < 0.5 ? matter : pages);
}

function pickLeaf({ metadata, footerLeaves, random }: Parts, kinds: readonly Leaf['kind'][]): Leaf {
  const fits = footerLeaves.filter(({ kind }) => kinds.includes(kind));
  const shallow = fits.filter(({ path }) => !path.includes('.') || /^2\[\d+\]\.\d+$/.test(path));
  const matter = fits.filter(({ path }) => {
    const element = /^2\[(\d+)\]/.exec(path)?.[1];
    const chunk = /^4\[\d+\]\.1\[(\d+)\]/.exec(path)?.[1];
    const index = element === undefined ? Number(chunk) + 1 : Number(element);
    return MATTERS.test(metadata.schema[index]?.name ?? '');
  });
  const choice = random();
  if (choice < 0.45 && matter.length > 0) return pick(random, matter);
  return pick(random, choice < 0.7 && shallow.length > 0 ? shallow : fits);
}

function oddInteger(random: () => number, before: bigint): bigint {
  return pick(random, [
    0n,
    1n,
    2n,
    -1n,
    before - 1n,
    before + 1n,
    before * 2n,
    before / 2n,
    -before,
    2n ** 31n - 1n,
    2n ** 32n,
    2n ** 62n,
    -(2n ** 63n),
    BigInt(below(random, 16)),
    BigInt(below(random, 2 ** 31)),
  ]);
}

/** Writes `value` over [start, end) of the footer and keeps its declared length right. */
function spliceFooter({ bytes, footerStart }: Parts, { start, end }: Leaf, value: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length - TAIL_BYTES - footerStart - (end - start) + value.length);
  return Buffer.concat([
    bytes.subarray(0, start),
    value,
    bytes.subarray(end, bytes.length - TAIL_BYTES),
    length,
    bytes.subarray(bytes.length - 4),
  ]);
}

function flipBits(parts: Parts, from: number, to: number): Mutation {
  const { random } = parts;
  const bytes = Buffer.from(parts.bytes);
  const flips = 1 + below(random, 4);
  const places: number[] = [];
  for (let flip = 0; flip < flips; flip += 1) {
    const place = from + below(random, to - from);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << below(random, 8));
    places.push(place);
  }
  return { bytes, what: `bits flipped at ${places.join(', ')} of ${parts.bytes.length}` };
}

const MUTATIONS: readonly { weight: number; mutate: (parts: Parts) => Mutation }[] = [
  {
    weight: 10,
    mutate(parts) {
      const { bytes, what } = flipBits(parts, parts.footerStart, parts.bytes.length - TAIL_BYTES);
      return { bytes, what: `footer: ${what}` };
    },
  },
  {
    weight: 28,
    mutate(parts) {
      const leaf = pickLeaf(parts, ['integer']);
      const before = readZigzag(parts.bytes, leaf);
      const after = oddInteger(parts.random, before);
      const bytes = spliceFooter(parts, leaf, zigzag(BigInt.asIntN(64, after)));
      return { bytes, what: `footer ${leaf.path}: ${before} became ${after}` };
    },
  },
  {
    weight: 10,
    mutate(parts) {
      const { random } = parts;
      const leaf = pickLeaf(parts, ['bytes']);
      const names = parts.metadata.schema.map(({ name }) => Buffer.from(name));
      const other = pick(random, [
        ...names,
        Buffer.alloc(0),
        Buffer.from([0xff, 0xfe, 0x00, 0x27]),
        Buffer.from("a'b`c\\d\n{x:String}"),
        Buffer.alloc(5_000, 'x'),
        Buffer.from('лишний'),
      ]);
      const bytes = spliceFooter(parts, leaf, Buffer.concat([varint(BigInt(other.length)), other]));
      return {
        bytes,
        what: `footer ${leaf.path}: bytes became ${JSON.stringify(other.subarray(0, 24).toString())}`,
      };
    },
  },
  {
    weight: 5,
    mutate(parts) {
      const leaf = pickLeaf(parts, ['list']);
      const bytes = Buffer.from(parts.bytes);
      const before = bytes[leaf.start] ?? 0;
      bytes[leaf.start] =
        parts.random() < 0.5 ? (before & 15) | (below(parts.random, 16) << 4) : below(parts.random, 256);
      return { bytes, what: `footer ${leaf.path}: head of a list became ${bytes[leaf.start]}` };
    },
  },
  {
    weight: 20,
    mutate(parts) {
      const page = pickPage(parts);
      const leaf = pick(
        parts.random,
        page.leaves.filter(({ kind }) => kind === 'integer'),
      );
      const before = readZigzag(parts.bytes, leaf);
      // What follows must stay where it is: the longest value that fits.
      const room = 7 * (leaf.end - leaf.start) - 1;
      const after = BigInt.asIntN(room, oddInteger(parts.random, before));
      const bytes = Buffer.from(parts.bytes);
      bytes.set(zigzag(after, leaf.end - leaf.start).subarray(0, leaf.end - leaf.start), leaf.start);
      return { bytes, what: `page header of ${page.column}, ${leaf.path}: ${before} became ${after}` };
    },
  },
  {
    weight: 12,
    mutate(parts) {
      const page = pickPage(parts);
      const { bytes, what } = flipBits(parts, page.bodyStart, page.bodyEnd);
      return { bytes, what: `page of ${page.column}: ${what}` };
    },
  },
  {
    weight: 6,
    mutate(parts) {
      const { random } = parts;
      const page = pickPage(parts);
      const bytes = Buffer.from(parts.bytes);
      const start = page.bodyStart + below(random, page.bodyEnd - page.bodyStart);
      const end = Math.min(page.bodyEnd, start + 1 + below(random, 200));
      const fill = pick(random, [0, 0xff, -1]);
      for (let at = start; at < end; at += 1) bytes[at] = fill === -1 ? below(random, 256) : fill;
      return {
        bytes,
        what: `page of ${page.column}: ${end - start} bytes at ${start} became ${fill === -1 ? 'random' : fill}`,
      };
    },
  },
  {
    weight: 3,
    mutate(parts) {
      const bytes = Buffer.from(parts.bytes);
      const before = bytes.readUInt32LE(bytes.length - TAIL_BYTES);
      const after = Number(BigInt.asUintN(32, oddInteger(parts.random, BigInt(before))));
      bytes.writeUInt32LE(after, bytes.length - TAIL_BYTES);
      return { bytes, what: `footer's length: ${before} became ${after}` };
    },
  },
  {
    weight: 3,
    mutate({ bytes, random }) {
      const start = below(random, bytes.length);
      const end = Math.min(bytes.length, start + 1 + below(random, 1_000));
      return {
        bytes: Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]),
        what: `bytes ${start} to ${end} cut out`,
      };
    },
  },
  {
    weight: 3,
    mutate({ bytes, pages, random }) {
      const [one, other] = [pick(random, pages), pick(random, pages)];
      const copy = Buffer.from(bytes);
      const length = Math.min(one.bodyEnd - one.bodyStart, other.bodyEnd - other.bodyStart);
      bytes.copy(copy, one.bodyStart, other.bodyStart, other.bodyStart + length);
      return { bytes: copy, what: `a page of ${one.column} overwritten by one of ${other.column}` };
    },
  },
];

const WEIGHTS = MUTATIONS.reduce((sum, { weight }) => sum + weight, 0);

/** The same file and randomness give the same mutation. */
export function mutate(file: Buffer, random: () => number): Mutation {
  const parts = readParts(file, random);
  let left = random() * WEIGHTS;
  const chosen = MUTATIONS.find(({ weight }) => (left -= weight) < 0) ?? MUTATIONS[0];
  if (chosen === undefined) throw new RangeError('no mutations');
  return chosen.mutate(parts);
}
