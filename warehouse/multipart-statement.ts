/** A statement whose values are in the body of its request: addresses are logged on the way. The client does so for queries alone. */
import { randomUUID } from 'node:crypto';

/** @param params texts, numbers and booleans */
export function asMultipart(
  sql: string,
  params: Readonly<Record<string, unknown>>,
): { query: string; http_headers: Record<string, string> } {
  const boundary = `tripline-${randomUUID()}`;
  const fields = [
    ['query', sql],
    ...Object.entries(params).map(([name, value]) => [`param_${name}`, written(value)]),
  ];
  const parts = fields.map(
    ([name, text]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`,
  );
  return {
    query: `${parts.join('')}--${boundary}--`,
    http_headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  };
}

/** ClickHouse reads values as TabSeparated has them. */
function written(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new TypeError('beside a secret, values are texts, numbers and booleans');
  return String(value)
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
}
