import { PutObjectCommand, UploadPartCommand, type S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { LONG_ANSWER } from '../config/s3-client.ts';

type Destination =
  | { kind: 'object'; Bucket: string; Key: string }
  | { kind: 'part'; Bucket: string; Key: string; UploadId: string; PartNumber: number };

/**
 * Sends a stream of known length, without holding it in memory. Nothing becomes visible unless all of it arrived.
 * @returns bytes sent
 * @throws what `bytes` throws, and what S3 answers
 */
export async function uploadStream({
  client,
  to,
  bytes,
  sizeBytes,
  onBytes,
}: {
  client: S3Client;
  to: Destination;
  bytes: AsyncIterable<Uint8Array>;
  sizeBytes: number;
  onBytes?: ((sent: number) => void) | undefined;
}): Promise<number> {
  const stop = new AbortController();
  let failure: { error: unknown } | undefined;
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  let sent = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of bytes) {
        sent += piece.byteLength;
        onBytes?.(sent);
        // An empty chunk would end a chunked body.
        if (piece.byteLength > 0) yield piece;
      }
      // Some servers take a body that ends too early for the whole.
      if (sent !== sizeBytes) throw new Error(`${sent} of ${sizeBytes} bytes arrived`);
    } catch (error) {
      // Neither an error of the body (the SDK's own streams would throw it at nobody) nor its end (which S3 may take for the
      // whole): the request is given up, and only then the body ends.
      failure = { error };
      stop.abort();
      await settled;
    }
  }
  const body = Readable.from(counted(), { objectMode: false });
  try {
    const { kind, ...target } = to;
    const content = { Body: body, ContentLength: sizeBytes };
    const command =
      kind === 'part'
        ? new UploadPartCommand({ ...(target as Omit<typeof to & { kind: 'part' }, 'kind'>), ...content })
        : new PutObjectCommand({ ...target, ...content });
    await client.send(command as PutObjectCommand, { abortSignal: stop.signal, ...LONG_ANSWER });
    return sent;
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  } finally {
    settle();
    body.destroy();
  }
}
