/**
 * Formats without header, footer or state between rows: pieces of a result in them can be joined, so they are streamed.
 * Every other format is one document, which the engine writes to the spool before it is sent.
 */
const ROW_FORMATS = new Set(
  [
    ...[
      'JSONEachRow',
      'JSONLines',
      'NDJSON',
      'JSONStringsEachRow',
      'JSONCompactEachRow',
      'JSONCompactStringsEachRow',
    ],
    ...[
      'TabSeparated',
      'TSV',
      'TabSeparatedRaw',
      'TSVRaw',
      'CSV',
      'RowBinary',
      'LineAsString',
      'RawBLOB',
      'TSKV',
      'MsgPack',
    ],
  ].map((format) => format.toLowerCase()),
);

export function isRowFormat(format: string): boolean {
  return ROW_FORMATS.has(format.toLowerCase());
}

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
