/**
 * The zones of a file's instants, which Parquet itself has no place for: Arrow and polars write them into the schema that they keep beside, pandas and
 * fastparquet into a document of JSON. https://github.com/apache/arrow/blob/main/format/Schema.fbs
 */
import type { KeyValue } from 'hyparquet';
import { FOOTER_LIMITS } from './footer-limits.ts';

/** Numbers of fields in the tables of Arrow's format, and of one of its types. */
const MESSAGE = { headerType: 1, header: 2 } as const;
const SCHEMA = { fields: 1 } as const;
const FIELD = { name: 0, typeType: 2, type: 3 } as const;
const TIMESTAMP = { timezone: 1 } as const;
const HEADER_IS_SCHEMA = 1;
const TYPE_IS_TIMESTAMP = 10;
/** Before a message since Arrow 0.15. */
const CONTINUATION = 0xff_ff_ff_ff;

/** Names that say no more than that a moment was not shifted. */
const UTC_NAMES =
  /^(|z|zulu|utc|uct|gmt|universal|greenwich|etc\/(utc|uct|gmt|zulu|universal|greenwich|gmt[+-]?0)|gmt[+-]?0|(utc)?[+-]00:?(00)?)$/i;

export const isUtc = (zone: string): boolean => UTC_NAMES.test(zone.trim());

/** @returns the zone of each column that has one, by the column's name; empty where nothing is told, or what is told cannot be read */
export function zonesOf(entries: readonly KeyValue[] | undefined): ReadonlyMap<string, string> {
  const valueOf = (key: string) => entries?.find((entry) => entry.key === key)?.value;
  return new Map([...pandasZones(valueOf('pandas')), ...arrowZones(valueOf('ARROW:schema'))]);
}

function arrowZones(text: string | undefined): Map<string, string> {
  const zones = new Map<string, string>();
  if (text === undefined) return zones;
  const bytes = Buffer.from(text, 'base64');
  try {
    const message = rootTable(bytes);
    if (message.byte(MESSAGE.headerType) !== HEADER_IS_SCHEMA) return zones;
    for (const field of message.table(MESSAGE.header)?.tables(SCHEMA.fields) ?? []) {
      if (field.byte(FIELD.typeType) !== TYPE_IS_TIMESTAMP) continue;
      const zone = field.table(FIELD.type)?.text(TIMESTAMP.timezone);
      if (zone !== undefined) zones.set(field.text(FIELD.name) ?? '', zone);
    }
  } catch (error) {
    // The offsets lead out of the bytes: it is no such schema.
    if (!(error instanceof RangeError)) throw error;
  }
  return zones;
}

function rootTable(bytes: Buffer): Table {
  const start = bytes.readUInt32LE(0) === CONTINUATION ? 8 : 4;
  return new Table(bytes, start + bytes.readUInt32LE(start));
}

/** A table of FlatBuffers: what is read of it lies within the bytes, or it throws a RangeError. https://flatbuffers.dev/internals/ */
class Table {
  readonly #bytes: Buffer;
  readonly #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : this.#bytes.readUInt8(at);
  }

  text(field: number): string | undefined {
    const at = this.#reference(field);
    if (at === undefined) return undefined;
    const length = this.#bytes.readUInt32LE(at);
    const end = at + 4 + length;
    if (end > this.#bytes.length || length > FOOTER_LIMITS.nameBytes)
      throw new RangeError('a text is too long, or goes on past the end');
    return this.#bytes.toString('utf8', at + 4, end);
  }

  table(field: number): Table | undefined {
    const at = this.#reference(field);
    return at === undefined ? undefined : new Table(this.#bytes, at);
  }

  *tables(field: number): Generator<Table> {
    const vector = this.#reference(field);
    if (vector === undefined) return;
    const count = this.#bytes.readUInt32LE(vector);
    if (count > FOOTER_LIMITS.schemaElements) throw new RangeError(`${count} fields`);
    for (let index = 0; index < count; index += 1) {
      const at = vector + 4 + 4 * index;
      yield new Table(this.#bytes, at + this.#bytes.readUInt32LE(at));
    }
  }

  /** Where a field's own bytes are; undefined for one that has its default. */
  #place(field: number): number | undefined {
    const layout = this.#at - this.#bytes.readInt32LE(this.#at);
    const entry = 4 + 2 * field;
    const offset = entry < this.#bytes.readUInt16LE(layout) ? this.#bytes.readUInt16LE(layout + entry) : 0;
    return offset === 0 ? undefined : this.#at + offset;
  }

  #reference(field: number): number | undefined {
    const at = this.#place(field);
    return at === undefined ? undefined : at + this.#bytes.readUInt32LE(at);
  }
}

function pandasZones(text: string | undefined): Map<string, string> {
  const zones = new Map<string, string>();
  for (const column of list(property(parseJson(text), 'columns'))) {
    const name = property(column, 'field_name') ?? property(column, 'name');
    const zone = property(property(column, 'metadata'), 'timezone');
    if (typeof name === 'string' && typeof zone === 'string') zones.set(name, zone);
  }
  return zones;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
