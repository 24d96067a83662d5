import { WarehouseAnswerError } from '../../warehouse/warehouse.ts';

/**
 * Records of one size out of a stream of bytes (ClickHouse's RowBinary without strings), as many at a time as have arrived.
 * @param most that there can be: what gives more gives no end
 * @throws WarehouseAnswerError beyond them, and where the last one is cut
 */
export async function* readRecords(
  stream: AsyncIterable<Uint8Array>,
  recordBytes: number,
  most: number,
): AsyncGenerator<DataView> {
  let rest = new Uint8Array();
  let found = 0;
  for await (const piece of stream) {
    found += piece.length / recordBytes;
    if (found > most) throw new WarehouseAnswerError(`a result of more than ${most} records`);
    let bytes = piece;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + piece.length);
      bytes.set(rest);
      bytes.set(piece, rest.length);
    }
    const whole = bytes.length - (bytes.length % recordBytes);
    if (whole > 0) yield new DataView(bytes.buffer, bytes.byteOffset, whole);
    rest = bytes.slice(whole);
  }
  if (rest.length > 0)
    throw new WarehouseAnswerError(`the result ended within a record, ${rest.length} bytes after its begin`);
}
