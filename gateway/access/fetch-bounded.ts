/**
 * `fetch` for small documents: the body is read here, up to so many bytes, also where the server sends on for ever.
 * @throws what fetch throws, and Error for a body that is larger
 */
export async function fetchBounded(
  url: string,
  how: RequestInit,
  { mostBytes }: { mostBytes: number },
): Promise<Response> {
  const answer = await fetch(url, how);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) throw new Error(`the answer has more than ${mostBytes} bytes`);
    pieces.push(piece);
  }
  const { status, headers } = answer;
  // What was compressed is read already.
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length']) kept.delete(name);
  return new Response([204, 304].includes(status) ? null : Buffer.concat(pieces), { status, headers: kept });
}
