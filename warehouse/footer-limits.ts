/**
 * How much a file may be, before anything is allocated for it. Each is many times what genuine files have: TLC's have 20 columns, at most 16 million rows,
 * one to 20 row groups, and a footer of 10 kB.
 */
const KIBIBYTE = 2 ** 10;
const MEBIBYTE = 2 ** 20;

export const FOOTER_LIMITS = {
  /** Bytes of the footer: it is held and parsed in memory, where it takes some 20 times as much. */
  footerBytes: 16 * MEBIBYTE,
  /** Structs and lists in each other; a footer needs 8. */
  nesting: 32,
  /** Values of any kind in the footer. */
  values: 4_000_000,
  /** Elements of the schema: columns, groups and the root. */
  schemaElements: 1_000,
  /** Groups in each other. */
  groupsDeep: 20,
  /** Bytes of one column's name, and of all of them: they are part of statements and of workflows' histories. */
  nameBytes: 16 * KIBIBYTE,
  allNamesBytes: 32 * KIBIBYTE,
  rowGroups: 20_000,
  /** Of all row groups together. */
  columnChunks: 100_000,
  /** Rows of the whole file, and values of one column chunk. */
  rows: 100_000_000,
  /** Bytes of all column chunks together, decompressed. */
  plainBytes: 128 * 2 ** 30,
  /** Digits of a decimal. */
  decimalDigits: 1_000,
  /** Bytes of one value where all have the same length. */
  fixedLengthBytes: MEBIBYTE,
  /** Bytes of the page index and of the Bloom filter of one column chunk. */
  indexBytes: 64 * MEBIBYTE,
} as const;

export const PAGE_LIMITS = {
  /** Bytes of a page, decompressed. The usual is one MB; fastparquet writes one page per row group. */
  plainBytes: 512 * MEBIBYTE,
  /** The same of a dictionary: it is in memory for as long as its column chunk is read. */
  dictionaryBytes: 256 * MEBIBYTE,
  dictionaryValues: 20_000_000,
} as const;
