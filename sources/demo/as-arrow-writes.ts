/**
 * Two details of real files that ClickHouse does not write: timestamps are without a zone (`isAdjustedToUTC` = false, no
 * legacy converted type), and a column of Arrow's null type is annotated as such. Both stand in the footer's schema, which
 * is Thrift in compact protocol (parquet-format, parquet.thrift, struct SchemaElement):
 *
 *     18 len name │ 25 14 converted_type = TIMESTAMP_MICROS │ 4c logicalType { 8c TIMESTAMP { 11 isAdjustedToUTC = true, …
 */
import { open } from 'node:fs/promises';

/** @param path a file as ClickHouse wrote it; changed in place */
export async function rewriteFooterAsArrow(options: {
  path: string;
  timestamps: readonly string[];
  nulls: readonly string[];
}): Promise<void> {
  const file = await open(options.path, 'r+');
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(8);
    await file.read(tail, 0, 8, size - 8);
    const start = size - 8 - tail.readUInt32LE();
    let footer = Buffer.alloc(size - 8 - start);
    await file.read(footer, 0, footer.length, start);
    for (const name of options.timestamps) footer = withoutZone(footer, name);
    for (const name of options.nulls) footer = asNull(footer, name);
    tail.writeUInt32LE(footer.length);
    await file.truncate(start);
    const end = Buffer.concat([footer, tail]);
    await file.write(end, 0, end.length, start);
  } finally {
    await file.close();
  }
}

const NAME_FIELD = 0x18;
const CONVERTED_MICROS = Buffer.from([0x25, 0x14]);
/** logicalType, which comes 4 fields after converted_type or 6 after the name; TIMESTAMP; isAdjustedToUTC. */
const AFTER_CONVERTED = Buffer.from([0x4c, 0x8c, 0x11]);
const AFTER_NAME = Buffer.from([0x6c, 0x8c, 0x11]);
const AFTER_NAME_NO_ZONE = Buffer.from([0x6c, 0x8c, 0x12]);
/** logicalType { UNKNOWN {} }. */
const NULL_TYPE = Buffer.from([0x6c, 0xbc, 0x00, 0x00]);

/** Position just after the name in its SchemaElement; the schema comes first in the footer. */
function afterName(footer: Buffer, name: string): number {
  const field = Buffer.from([NAME_FIELD, name.length, ...Buffer.from(name, 'latin1')]);
  const at = footer.indexOf(field);
  if (at < 0) throw new Error(`the Parquet footer has no column ${name}`);
  return at + field.length;
}

function replace(footer: Buffer, at: number, before: Buffer, after: Buffer): Buffer<ArrayBuffer> {
  if (!footer.subarray(at, at + before.length).equals(before)) {
    throw new Error('the Parquet footer is written in another way than expected');
  }
  return Buffer.concat([footer.subarray(0, at), after, footer.subarray(at + before.length)]);
}

function withoutZone(footer: Buffer, name: string): Buffer<ArrayBuffer> {
  const at = afterName(footer, name);
  const converted = footer.subarray(at, at + CONVERTED_MICROS.length).equals(CONVERTED_MICROS);
  const before = converted ? Buffer.concat([CONVERTED_MICROS, AFTER_CONVERTED]) : AFTER_NAME;
  return replace(footer, at, before, AFTER_NAME_NO_ZONE);
}

function asNull(footer: Buffer, name: string): Buffer<ArrayBuffer> {
  const stop = Buffer.from([0x00]);
  return replace(footer, afterName(footer, name), stop, Buffer.concat([NULL_TYPE, stop]));
}
