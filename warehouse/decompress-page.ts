/** A page as it was before it was compressed. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as zstdDecompress } from 'fzstd';
import { snappyUncompress, type CompressionCodec } from 'hyparquet';

/** @returns undefined when it cannot be told: another codec, or bytes that do not become exactly `plainBytes` */
export function decompressPage(
  stored: Uint8Array,
  { codec, plainBytes }: { codec: CompressionCodec; plainBytes: number },
): Uint8Array | undefined {
  try {
    const plain = decompress(stored, codec, plainBytes);
    return plain?.length === plainBytes ? plain : undefined;
  } catch {
    return undefined;
  }
}

function decompress(stored: Uint8Array, codec: CompressionCodec, plainBytes: number): Uint8Array | undefined {
  switch (codec) {
    case 'UNCOMPRESSED':
      return stored;
    case 'SNAPPY': {
      const plain = new Uint8Array(plainBytes);
      snappyUncompress(stored, plain);
      return plain;
    }
    case 'GZIP':
      return gunzipSync(stored, { maxOutputLength: plainBytes });
    case 'BROTLI':
      return brotliDecompressSync(stored, { maxOutputLength: plainBytes });
    case 'ZSTD':
      return zstdDecompress(stored, new Uint8Array(plainBytes));
    default:
      return undefined;
  }
}
