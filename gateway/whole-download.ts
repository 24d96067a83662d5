/** Is a download whole? What lies between ClickHouse and us may end a cut answer as if nothing were missing. */
import { Transform } from 'node:stream';
import { WarehouseAnswerError } from '../warehouse/warehouse.ts';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const PARQUET = Buffer.from('PAR1');
/** https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
const ARROW_END = Buffer.from('ffffffff00000000', 'hex');

interface Check {
  see(piece: Buffer): void;
  /** What is wrong with all that was seen; undefined when nothing is. */
  flaw(): string | undefined;
}

/** By ClickHouse's name of the format. @param rows that there must be */
const CHECKS: Readonly<Record<string, (rows: number) => Check>> = {
  Parquet: () => new Ends(PARQUET, PARQUET),
  ArrowStream: () => new Ends(Buffer.alloc(0), ARROW_END),
  JSONEachRow: (rows) => new Lines(rows),
  CSVWithNames: (rows) => new QuotedLines(rows + 1),
};

/**
 * Passes a download on, and fails at its end when it is not whole: then the client's connection is cut, too.
 * @throws Error for a format that cannot be checked
 */
export function wholeDownload(format: string, rows: number): Transform {
  const check = CHECKS[format]?.(rows);
  if (check === undefined) throw new Error(`nothing tells whether ${format} is whole`);
  return new Transform({
    transform(piece: Buffer, _, done) {
      check.see(piece);
      done(null, piece);
    },
    flush(done) {
      const flaw = check.flaw();
      done(flaw === undefined ? null : new WarehouseAnswerError(`a download that is not whole: ${flaw}`));
    },
  });
}

/** The first and the last bytes of a format. */
class Ends implements Check {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  readonly #begin: Buffer;
  readonly #end: Buffer;

  constructor(begin: Buffer, end: Buffer) {
    this.#begin = begin;
    this.#end = end;
  }

  see(piece: Buffer): void {
    if (this.#head.length < this.#begin.length)
      this.#head = Buffer.concat([this.#head, piece]).subarray(0, this.#begin.length);
    this.#tail =
      piece.length >= this.#end.length
        ? piece.subarray(-this.#end.length)
        : Buffer.concat([this.#tail, piece]).subarray(-this.#end.length);
  }

  flaw(): string | undefined {
    const isWhole = this.#head.equals(this.#begin) && this.#tail.equals(this.#end);
    return isWhole ? undefined : 'it does not begin and end as its format does';
  }
}

/** One line a row; line breaks in values are escaped. */
class Lines implements Check {
  #lines = 0;
  #last: number | undefined = NEWLINE;
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  see(piece: Buffer): void {
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) this.#lines += 1;
    this.#last = piece.at(-1) ?? this.#last;
  }

  flaw(): string | undefined {
    return this.#lines === this.#rows && this.#last === NEWLINE
      ? undefined
      : `${this.#lines} lines instead of ${this.#rows}`;
  }
}

/** The same, where values in quotes may hold line breaks, and quotes that are doubled. */
class QuotedLines implements Check {
  #lines = 0;
  #isQuoted = false;
  #last = NEWLINE;
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  see(piece: Buffer): void {
    let lines = 0;
    for (let at = 0; at < piece.length;) {
      const quote = piece.indexOf(QUOTE, at);
      const end = quote < 0 ? piece.length : quote;
      if (!this.#isQuoted) for (; at < end; at += 1) if (piece[at] === NEWLINE) lines += 1;
      if (quote >= 0) this.#isQuoted = !this.#isQuoted;
      at = end + 1;
    }
    this.#lines += lines;
    this.#last = piece.at(-1) ?? this.#last;
  }

  flaw(): string | undefined {
    return this.#lines === this.#rows && !this.#isQuoted && this.#last === NEWLINE
      ? undefined
      : `${this.#lines} lines instead of ${this.#rows}`;
  }
}
