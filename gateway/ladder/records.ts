/** Records of one size out of a stream of bytes (ClickHouse's RowBinary without strings), as many at a time as have arrived. */
export async function* readRecords(
  stream: AsyncIterable<Uint8Array>,
  recordBytes: number,
): AsyncGenerator<DataView> {
  let rest = new Uint8Array();
  for await (const piece of stream) {
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
    throw new Error(`the result ended within a record, ${rest.length} bytes after its begin`);
}
