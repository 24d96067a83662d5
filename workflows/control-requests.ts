/** What is wrong with an update from outside, or undefined when nothing is. */

/** Names in one request; 500 names of 100 characters are well below what Temporal takes in one message. */
const MOST_FILENAMES = 500;
const LONGEST_FILENAME = 1_000;

export function mistakeInRetry(request: unknown): string | undefined {
  const example = 'expected {"filenames": ["yellow_tripdata_2023-01.parquet"]}, or nothing for all of them';
  if (request === undefined || request === null) return undefined;
  if (typeof request !== 'object' || Array.isArray(request)) return example;
  const stranger = Object.keys(request).find((name) => name !== 'filenames');
  if (stranger !== undefined) return `unknown field ${JSON.stringify(stranger)}; ${example}`;
  const { filenames } = request as { filenames?: unknown };
  if (filenames === undefined || filenames === null) return undefined;
  if (!Array.isArray(filenames)) return `"filenames" must be a list; ${example}`;
  if (filenames.length === 0) return '"filenames" is empty: name files, or leave it out for all of them';
  if (filenames.length > MOST_FILENAMES) return `at most ${MOST_FILENAMES} "filenames" at a time`;
  return filenames.map(mistakeInFilename).find((mistake) => mistake !== undefined);
}

/** In a request for one file: `rollback`, `withdraw`, `accept`. */
export function mistakeInFile(request: unknown): string | undefined {
  const example = 'expected {"filename": "yellow_tripdata_2023-01.parquet"}';
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return example;
  const stranger = Object.keys(request).find((name) => name !== 'filename');
  if (stranger !== undefined) return `unknown field ${JSON.stringify(stranger)}; ${example}`;
  const { filename } = request as { filename?: unknown };
  return filename === undefined ? example : mistakeInFilename(filename);
}

export function mistakeInFilename(filename: unknown): string | undefined {
  if (typeof filename !== 'string')
    return `a filename is a text; got ${JSON.stringify(filename)?.slice(0, 100)}`;
  if (filename === '' || filename.length > LONGEST_FILENAME)
    return `a filename has 1 to ${LONGEST_FILENAME} characters`;
  return undefined;
}
