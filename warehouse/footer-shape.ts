/**
 * How much a footer is, told by walking over its bytes without keeping anything: what it holds is only parsed, and allocated, where that has an end.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
import { FOOTER_LIMITS } from './footer-limits.ts';
import type { Refusal } from './refusal.ts';

const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Fields of FileMetaData, SchemaElement and RowGroup: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const SCHEMA = 2;
const ROW_GROUPS = 4;
const ELEMENT_NAME = 4;
const GROUP_COLUMNS = 1;

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(code: Refusal['code'], message: string) {
    super(message);
    this.refusal = { code, message };
  }
}

const broken = (message: string) => new Refused('UNREADABLE', `the footer cannot be read: ${message}`);

/** @param what with its number, as in `100021 columns` */
function bounded(count: number, limit: number, what: string): void {
  if (count > limit) throw new Refused('TOO_LARGE', `${what}, more than the ${limit} that a file may have`);
}

/**
 * @param bytes the metadata alone, without its length and `PAR1`
 * @returns why the footer is not to be parsed; undefined when it may be
 */
export function footerShapeRefusal(bytes: Uint8Array): Refusal | undefined {
  try {
    new Walk(bytes).wholeFooter();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

class Walk {
  readonly #bytes: Uint8Array;
  #at = 0;
  #values = 0;
  #names = 0;
  #chunks = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  wholeFooter(): void {
    this.#struct(0, (id, type, depth) => {
      if (id === SCHEMA && type === LIST) {
        this.#list(depth, (count) => {
          bounded(count, FOOTER_LIMITS.schemaElements, `${count} columns and groups in the schema`);
          return (elementDepth) => this.#schemaElement(elementDepth);
        });
      } else if (id === ROW_GROUPS && type === LIST) {
        this.#list(depth, (count) => {
          bounded(count, FOOTER_LIMITS.rowGroups, `${count} row groups`);
          return (groupDepth) => this.#rowGroup(groupDepth);
        });
      } else this.#value(type, depth);
    });
  }

  #schemaElement(depth: number): void {
    this.#struct(depth, (id, type, inner) => {
      if (id !== ELEMENT_NAME || type !== BINARY) return this.#value(type, inner);
      const length = this.#skipBytes();
      bounded(length, FOOTER_LIMITS.nameBytes, `a column's name of ${length} bytes`);
      this.#names += length;
      bounded(this.#names, FOOTER_LIMITS.allNamesBytes, `columns' names of ${this.#names} bytes and more`);
    });
  }

  #rowGroup(depth: number): void {
    this.#struct(depth, (id, type, inner) => {
      if (id !== GROUP_COLUMNS || type !== LIST) return this.#value(type, inner);
      this.#list(inner, (count) => {
        this.#chunks += count;
        bounded(this.#chunks, FOOTER_LIMITS.columnChunks, `${this.#chunks} column chunks and more`);
        return undefined;
      });
    });
  }

  /** @param field reads the field's value */
  #struct(depth: number, field: (id: number, type: number, depth: number) => void): void {
    if (depth > FOOTER_LIMITS.nesting)
      throw new Refused('TOO_LARGE', `the footer is nested deeper than ${FOOTER_LIMITS.nesting}`);
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return;
      // A long form holds the id in zigzag; ids are small and positive.
      id = head >> 4 === 0 ? this.#varint() / 2 : id + (head >> 4);
      field(id, head & 15, depth + 1);
    }
  }

  /** @param each is told how many elements come, and may say how to read one where they are structs */
  #list(depth: number, each?: (count: number) => ((depth: number) => void) | undefined): void {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    if (count > this.#bytes.length - this.#at)
      throw broken(`a list of ${count} elements in ${this.#bytes.length - this.#at} bytes`);
    const type = head & 15;
    const read = each?.(count);
    for (let index = 0; index < count; index += 1) {
      if (type === STRUCT && read !== undefined) {
        this.#count();
        read(depth);
      } else this.#value(type, depth, true);
    }
  }

  #value(type: number, depth: number, inList = false): void {
    this.#count();
    // Booleans: in a struct the field's type is the value, in a list each is a byte.
    if (type === 1 || type === 2) this.#skip(inList ? 1 : 0);
    else if (type === BYTE) this.#skip(1);
    else if (type === 4 || type === 5 || type === 6) this.#varint();
    else if (type === DOUBLE) this.#skip(8);
    else if (type === BINARY) this.#skipBytes();
    else if (type === LIST) this.#deeper(depth, () => this.#list(depth + 1));
    else if (type === STRUCT) this.#struct(depth, (_, inner, next) => this.#value(inner, next));
    else throw broken(`a value of type ${type}`);
  }

  #deeper(depth: number, read: () => void): void {
    if (depth > FOOTER_LIMITS.nesting)
      throw new Refused('TOO_LARGE', `the footer is nested deeper than ${FOOTER_LIMITS.nesting}`);
    read();
  }

  #count(): void {
    this.#values += 1;
    bounded(this.#values, FOOTER_LIMITS.values, `${this.#values} values in the footer and more`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw broken('it goes on past its end');
    this.#at += 1;
    return byte;
  }

  /** No more than ten bytes: of 64 bits, seven in each. */
  #varint(): number {
    let value = 0;
    for (let byte = 0, factor = 1; byte < 10; byte += 1, factor *= 128) {
      const next = this.#byte();
      value += (next & 0x7f) * factor;
      if (next < 0x80) return value;
    }
    throw broken('a number of more than 64 bits');
  }

  #skipBytes(): number {
    const length = this.#varint();
    this.#skip(length);
    return length;
  }

  #skip(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) throw broken(`${bytes} bytes where fewer are left`);
    this.#at += bytes;
  }
}
