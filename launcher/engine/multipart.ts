/** Fields of a `multipart/form-data` body, as bytes. The client sends long query parameters this way. */
export function parseMultipart(body: Buffer, contentType: string): Map<string, Buffer> {
  const boundary = /boundary=(?:"([^"]+)"|([^\s;]+))/.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  const fields = new Map<string, Buffer>();
  if (name === undefined) return fields;
  const delimiter = Buffer.from(`--${name}`);
  let start = body.indexOf(delimiter);
  while (start !== -1) {
    const end = body.indexOf(delimiter, start + delimiter.length);
    if (end === -1) break;
    // Behind the delimiter's line break, and before the one that belongs to the next delimiter.
    const part = body.subarray(start + delimiter.length + 2, end - 2);
    const head = part.indexOf('\r\n\r\n');
    const field = /;\s*name="([^"]*)"/i.exec(part.subarray(0, Math.max(head, 0)).toString('utf8'))?.[1];
    if (field !== undefined) fields.set(field, part.subarray(head + 4));
    start = end;
  }
  return fields;
}
