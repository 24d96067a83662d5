/** A ClickHouse exception as it goes over the wire: `Code: 47. DB::Exception: … (UNKNOWN_IDENTIFIER)`. */
export class ClickHouseException extends Error {
  override name = 'ClickHouseException';
  readonly code: number;
  /**
   * @param code ClickHouse's number
   * @param text the whole line, from `Code: ` on
   */
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** Names of the codes that this server raises itself; the engine's own exceptions carry theirs. */
const CODES = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  UNKNOWN_TYPE_OF_QUERY: 78,
  UNKNOWN_COMPRESSION_METHOD: 89,
  UNKNOWN_SETTING: 115,
  READONLY: 164,
  REQUIRED_PASSWORD: 194,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: 216,
  INTO_OUTFILE_NOT_ALLOWED: 348,
  QUERY_WAS_CANCELLED: 394,
  SETTING_CONSTRAINT_VIOLATION: 452,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  STD_EXCEPTION: 1001,
} as const;

/** An exception of this server's own, worded like the real one. */
export function exceptionOf(type: keyof typeof CODES, reason: string): ClickHouseException {
  return new ClickHouseException(CODES[type], `Code: ${CODES[type]}. DB::Exception: ${reason} (${type})`);
}

const HEAD = /^Code: (\d+)\. /;
/** The engine repeats an exception around itself when it passed through its client half. */
const NESTED = /^Code: (\d+)\. DB::Exception: (Code: \1\. .*) \(version [^()]*\)\. \([A-Z0-9_]+\)$/s;

/** What chdb threw, as a ClickHouse exception. The code is read from the head of the text, which is the wire format. */
export function exceptionFrom(error: unknown): ClickHouseException {
  if (error instanceof ClickHouseException) return error;
  let text = (error instanceof Error ? error.message : String(error)).trim();
  for (let inner = NESTED.exec(text); inner?.[2] !== undefined; inner = NESTED.exec(text)) text = inner[2];
  const code = HEAD.exec(text)?.[1];
  if (code === undefined) return exceptionOf('STD_EXCEPTION', `${text}.`);
  return new ClickHouseException(Number(code), text);
}

const STATUS_OF_CODES: readonly (readonly [status: number, codes: readonly number[]])[] = [
  [
    400,
    [6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 168, 169, 170, 235, 376, 427, 441, 675, 676],
  ],
  [401, [194]],
  [403, [192, 193, 516]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 137, 139]],
  [408, [159]],
  [501, [48]],
  [503, [76, 209, 439]],
];
const STATUS = new Map(
  STATUS_OF_CODES.flatMap(([status, codes]) => codes.map((code) => [code, status] as const)),
);

/** HTTP status of an exception, by ClickHouse's own table (`exceptionCodeToHTTPStatus`): 500 unless listed there. */
export function httpStatusOf(code: number): number {
  return STATUS.get(code) ?? 500;
}
