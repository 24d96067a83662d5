/** Columns of a Parquet file under names that no writer at hand would give them: none at all, or ones that differ in case alone. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Changes names in the footer, where each stands behind its length; nothing else in a file tells its columns by name.
 * @param names by the name before, which must occur nowhere else in the footer
 */
export function renameColumns(path: string, names: ReadonlyMap<string, string>): void {
  const bytes = readFileSync(path);
  const end = bytes.length - 8;
  const start = end - bytes.readUInt32LE(end);
  let footer: Buffer = bytes.subarray(start, end);
  for (const [before, after] of names) footer = replaceAll(footer, written(before), written(after));
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(footer.length);
  tail.write('PAR1', 4);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, start), footer, tail]));
}

/** A string of Thrift's compact protocol. */
function written(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

function replaceAll(bytes: Buffer, before: Buffer, after: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, from)) {
    pieces.push(bytes.subarray(from, at), after);
    from = at + before.length;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}
