/** Why a file version is held but not loaded. The code is stable; the message is for people. */
export type RefusalCode =
  | 'NOT_PARQUET'
  | 'TRUNCATED'
  | 'WRONG_DATA_SET'
  | 'MISSING_COLUMN'
  | 'TYPE_CLASH'
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'UNREADABLE'
  | 'ROW_COUNT_MISMATCH'
  /** Reading it ends or hangs the engine. */
  | 'ENGINE_CRASH'
  /** Reading it takes more memory than the engine may. */
  | 'TOO_LARGE_FOR_MEMORY'
  | 'UNSTABLE'
  /** Rolled back by an operator. */
  | 'HELD_BACK'
  /** Taken out by an operator. */
  | 'WITHDRAWN'
  /** Taken out because the source does not show it any more (`ON_SOURCE_DELETE=withdraw`). */
  | 'GONE'
  /** Its bytes are counted under another name. */
  | 'DUPLICATE'
  /** Most of its trips lie outside the month in its name. */
  | 'OTHER_MONTH'
  /** Too many of its rows, or all of them, are no trips. */
  | 'REJECTED_ROWS'
  /** By its name it is of another data set. */
  | 'OTHER_DATA_SET';

export interface Refusal {
  code: RefusalCode;
  message: string;
}
