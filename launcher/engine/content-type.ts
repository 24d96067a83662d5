/** Content-Type of a format, worded as the real server does. */
export function contentTypeOf(format: string): string {
  const name = format.toLowerCase();
  if (/^(json.*eachrow.*|jsonlines|ndjson)$/.test(name)) return 'application/x-ndjson; charset=UTF-8';
  if (name.startsWith('json')) return 'application/json; charset=UTF-8';
  if (name.startsWith('csv')) {
    return `text/csv; charset=UTF-8; header=${name.includes('withnames') ? 'present' : 'absent'}`;
  }
  if (/^(tsv|tabseparated)/.test(name)) return 'text/tab-separated-values; charset=UTF-8';
  if (name === 'xml') return 'application/xml; charset=UTF-8';
  if (name === 'markdown') return 'text/markdown; charset=UTF-8';
  if (/^(rowbinary|native|parquet|arrow|orc|avro|msgpack|bson|rawblob|npy)/.test(name))
    return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}
