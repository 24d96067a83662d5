/** What is before each page of a column chunk. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
import { readZigzag, thriftLeaves } from './thrift-leaves.ts';

export interface PageHeader {
  kind: 'dictionary' | 'data' | 'data2' | 'other';
  /** Bytes of the header itself. */
  headerBytes: number;
  /** Bytes of the page behind the header, as it lies there. */
  storedBytes: number;
  /** The same, decompressed. */
  plainBytes: number;
  /** With nulls. */
  values: number;
  /** The format's number for it. */
  encoding: number;
  /** Of `data2` alone: these come before the values, uncompressed. */
  repetitionBytes: number;
  definitionBytes: number;
  compressed: boolean;
  nulls: number;
}

const KINDS = ['data', 'other', 'dictionary', 'data2'] as const;

/** The fields of each kind's own header: values, encoding. */
const FIELDS = { data: ['5.1', '5.2'], dictionary: ['7.1', '7.2'], data2: ['8.1', '8.4'] } as const;

/**
 * @param bytes from the header's first on
 * @throws RangeError when they are no header, or not the whole of one
 */
export function readPageHeader(bytes: Uint8Array): PageHeader {
  const { leaves, end } = thriftLeaves(bytes, 0);
  const integers = new Map(
    leaves
      .filter(({ kind }) => kind === 'integer')
      .map((leaf) => [leaf.path, Number(readZigzag(bytes, leaf))]),
  );
  const integer = (path: string): number => {
    const value = integers.get(path);
    if (value === undefined) throw new RangeError(`a page header without field ${path}`);
    return value;
  };
  const kind = KINDS[integer('1')] ?? 'other';
  const fields = kind === 'other' ? undefined : FIELDS[kind];
  return {
    kind,
    headerBytes: end,
    plainBytes: integer('2'),
    storedBytes: integer('3'),
    values: fields === undefined ? 0 : integer(fields[0]),
    encoding: fields === undefined ? 0 : integer(fields[1]),
    repetitionBytes: kind === 'data2' ? integer('8.6') : 0,
    definitionBytes: kind === 'data2' ? integer('8.5') : 0,
    nulls: kind === 'data2' ? integer('8.2') : 0,
    compressed: !leaves.some(({ path, kind: is }) => path === '8.7' && is === 'false'),
  };
}
