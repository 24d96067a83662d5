/** Thrift's compact protocol, as a Parquet footer is written in, without any opinion on what makes sense. */

/** A number of any size. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

export const zigzag = (value: number | bigint): Buffer => {
  const big = BigInt(value);
  return varint(big >= 0n ? big << 1n : -big * 2n - 1n);
};

const TYPE = { boolTrue: 1, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(bytes.length), bytes]);
};

/** Fields in rising order; undefined ones are left out. */
export class Struct {
  readonly #pieces: Buffer[] = [];
  #last = 0;

  #field(id: number, type: number, body: Buffer): this {
    const step = id - this.#last;
    this.#pieces.push(
      step > 0 && step < 16
        ? Buffer.from([(step << 4) | type])
        : Buffer.concat([Buffer.from([type]), zigzag(id)]),
      body,
    );
    this.#last = id;
    return this;
  }
  i32(id: number, value: number | bigint | undefined): this {
    return value === undefined ? this : this.#field(id, TYPE.i32, zigzag(value));
  }
  i64(id: number, value: number | bigint | undefined): this {
    return value === undefined ? this : this.#field(id, TYPE.i64, zigzag(value));
  }
  text(id: number, value: string | Buffer | undefined): this {
    return value === undefined ? this : this.#field(id, TYPE.binary, text(value));
  }
  struct(id: number, value: Struct | undefined): this {
    return value === undefined ? this : this.#field(id, TYPE.struct, value.bytes());
  }
  /** @param claimed how many it says it has */
  list(
    id: number,
    type: 'i32' | 'binary' | 'struct',
    items: readonly Buffer[],
    claimed = items.length,
  ): this {
    const head =
      claimed < 15
        ? Buffer.from([(claimed << 4) | TYPE[type]])
        : Buffer.concat([Buffer.from([0xf0 | TYPE[type]]), varint(claimed)]);
    return this.#field(id, TYPE.list, Buffer.concat([head, ...items]));
  }
  raw(id: number, type: number, body: Buffer): this {
    return this.#field(id, type, body);
  }
  bytes(): Buffer {
    return Buffer.concat([...this.#pieces, Buffer.from([0])]);
  }
}
