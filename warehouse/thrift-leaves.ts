/** Where the values of a Thrift struct in compact protocol lie. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */

export interface Leaf {
  /** Field ids and list positions from the struct down, as in `4[0].1[3].3.5`. */
  path: string;
  /** `list` is a list's header: its length and the type of its elements. */
  kind: 'integer' | 'bytes' | 'list' | 'true' | 'false';
  /** Bytes [start, end) of the value; of `bytes` with the length before them; of a boolean its field's header. */
  start: number;
  end: number;
}

const TRUE = 1;
const BOOLEANS = new Set([TRUE, 2]);
const BYTE = 3;
const INTEGERS = new Set([4, 5, 6]);
const DOUBLE = 7;
const BINARY = 8;
const LISTS = new Set([9, 10]);
const STRUCT = 12;

/**
 * @param start of the struct
 * @throws RangeError when the bytes are no such struct
 */
export function thriftLeaves(bytes: Uint8Array, start: number): { leaves: Leaf[]; end: number } {
  const leaves: Leaf[] = [];
  let at = start;
  const byte = (): number => {
    const value = bytes[at];
    if (value === undefined) throw new RangeError('the struct goes on past the end');
    at += 1;
    return value;
  };
  const length = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const next = byte();
      value += (next & 0x7f) * shift;
      if (next < 0x80) return value;
    }
  };
  const value = (type: number, path: string): void => {
    const from = at;
    if (type === BYTE) at += 1;
    else if (INTEGERS.has(type)) {
      length();
      leaves.push({ path, kind: 'integer', start: from, end: at });
    } else if (type === DOUBLE) at += 8;
    else if (type === BINARY) {
      const size = length();
      at += size;
      leaves.push({ path, kind: 'bytes', start: from, end: at });
    } else if (LISTS.has(type)) {
      const head = byte();
      const count = head >> 4 === 15 ? length() : head >> 4;
      leaves.push({ path, kind: 'list', start: from, end: at });
      for (let index = 0; index < count; index += 1) value(head & 15, `${path}[${index}]`);
    } else if (type === STRUCT) struct(path === '' ? '' : `${path}.`);
    else if (BOOLEANS.has(type)) at += 1;
    else throw new RangeError(`type ${type} at ${path}`);
    if (at > bytes.length) throw new RangeError('the struct goes on past the end');
  };
  const struct = (prefix: string): void => {
    let id = 0;
    for (;;) {
      const head = byte();
      if (head === 0) return;
      const delta = head >> 4;
      // A long form holds the id in zigzag.
      id = delta === 0 ? length() / 2 : id + delta;
      const type = head & 15;
      const path = `${prefix}${id}`;
      // A field's boolean is its type.
      if (BOOLEANS.has(type))
        leaves.push({ path, kind: type === TRUE ? 'true' : 'false', start: at - 1, end: at });
      else value(type, path);
    }
  };
  struct('');
  return { leaves, end: at };
}

/** Seven bits a byte, the lowest first; `fill` makes it that many bytes long where it is shorter. */
export function varint(value: bigint, fill = 0): Uint8Array {
  let rest = value;
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n || bytes.length < fill);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) & 0x7f;
  return Uint8Array.from(bytes);
}

/** A signed integer of 64 bits as a varint. */
export function zigzag(value: bigint, fill = 0): Uint8Array {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)), fill);
}

export function readZigzag(bytes: Uint8Array, { start, end }: Pick<Leaf, 'start' | 'end'>): bigint {
  let value = 0n;
  for (let at = start; at < end; at += 1)
    value |= BigInt((bytes[at] ?? 0) & 0x7f) << BigInt(7 * (at - start));
  return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
}
