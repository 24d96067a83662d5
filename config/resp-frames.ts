/** Redis' protocol (RESP2) as it passes by: where each command or reply ends, and what it is made of. Its bytes are not held. */

/** What came is not the protocol, or more of it than we would hold. */
export class NoRespError extends Error {
  override name = 'NoRespError';
}

/** One command, or one reply. */
export interface Frame {
  /** Its type: `+`, `-`, `:`, `$`, or `_` for null. Of an array `*` and the types of its elements, as in `*$$:`. */
  shape: string;
  /** The text of its first string, in lower case, as far as names of commands go. */
  name: string;
}

/** An answer that is kept has at most 4 MiB, and little besides. */
const MOST_STRING_BYTES = 8 << 20;
const MOST_FRAME_BYTES = 16 << 20;
/** Of a status, an error or a number. */
const MOST_LINE_BYTES = 64 << 10;
/** No command of ours asks for more than a few. */
const MOST_ELEMENTS = 1_000;
const MOST_NAME_BYTES = 32;

const LINE_FEED = 10;

/** Reads one direction of one connection, in whatever pieces it comes. An array within an array is not taken: no command of ours gives one. */
export class FrameReader {
  #line = '';
  /** Bytes of a string that are still to come. */
  #stringBytes = 0;
  #afterString = false;
  #isNaming = false;
  #isInArray = false;
  #elements = 0;
  #bytes = 0;
  #shape = '';
  #name = '';

  /**
   * @returns what ends in these bytes, in order
   * @throws NoRespError
   */
  read(bytes: Buffer): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length;) {
      if (this.#stringBytes > 0) {
        at += this.#skipString(bytes, at);
        continue;
      }
      const found = bytes.indexOf(LINE_FEED, at);
      const end = found < 0 ? bytes.length : found + 1;
      if (this.#line.length + end - at > MOST_LINE_BYTES)
        throw new NoRespError(`a line of more than ${MOST_LINE_BYTES} bytes`);
      this.#line += bytes.toString('latin1', at, end);
      at = end;
      if (found < 0) break;
      const line = this.#line;
      this.#line = '';
      this.#count(line.length);
      if (!line.endsWith('\r\n'))
        throw new NoRespError(`a line that does not end as lines do: ${quoted(line)}`);
      if (this.#takeLine(line.slice(0, -2))) frames.push(this.#end());
    }
    return frames;
  }

  #skipString(bytes: Buffer, at: number): number {
    const length = Math.min(this.#stringBytes, bytes.length - at);
    if (this.#isNaming && this.#name.length < MOST_NAME_BYTES)
      this.#name += bytes.toString('latin1', at, at + Math.min(length, MOST_NAME_BYTES - this.#name.length));
    this.#stringBytes -= length;
    if (this.#stringBytes === 0) this.#isNaming = false;
    return length;
  }

  /** @returns whether the frame is whole */
  #takeLine(line: string): boolean {
    if (this.#afterString) {
      if (line !== '') throw new NoRespError(`a string that goes on after its end: ${quoted(line)}`);
      this.#afterString = false;
      return this.#endElement('$');
    }
    const type = line.charAt(0);
    const rest = line.slice(1);
    switch (type) {
      case '+':
      case '-':
        return this.#endElement(type);
      case ':':
        if (/^[+-]?\d{1,19}$/.test(rest)) return this.#endElement(type);
        break;
      case '$':
        if (rest === '-1') return this.#endElement('_');
        if (/^\d{1,10}$/.test(rest)) return this.#beginString(Number(rest));
        break;
      case '*':
        if (this.#isInArray) throw new NoRespError('an array within an array');
        if (rest === '-1') return this.#endElement('_');
        if (/^\d{1,10}$/.test(rest)) return this.#beginArray(Number(rest));
        break;
    }
    throw new NoRespError(quoted(line));
  }

  #beginString(length: number): false {
    if (length > MOST_STRING_BYTES)
      throw new NoRespError(`a string of ${length} bytes, of at most ${MOST_STRING_BYTES}`);
    this.#count(length);
    this.#stringBytes = length;
    this.#afterString = true;
    this.#isNaming = this.#shape === '' || this.#shape === '*';
    return false;
  }

  #beginArray(length: number): boolean {
    if (length > MOST_ELEMENTS)
      throw new NoRespError(`an array of ${length} elements, of at most ${MOST_ELEMENTS}`);
    this.#shape = '*';
    this.#isInArray = true;
    this.#elements = length;
    return length === 0;
  }

  #endElement(type: string): boolean {
    this.#shape += type;
    if (!this.#isInArray) return true;
    this.#elements -= 1;
    return this.#elements === 0;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MOST_FRAME_BYTES) throw new NoRespError(`more than ${MOST_FRAME_BYTES} bytes at once`);
  }

  #end(): Frame {
    const frame = { shape: this.#shape, name: this.#name.toLowerCase() };
    this.#isInArray = false;
    this.#bytes = 0;
    this.#shape = '';
    this.#name = '';
    return frame;
  }
}

const quoted = (line: string): string => JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}…` : line);
