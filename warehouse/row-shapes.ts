/** The values of columns as ClickHouse's JSON writes them, read back as what they stand for. */
import { z } from 'zod';

/** UInt64 that counts: written as a string. */
export const count = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'more than can be counted');
/** UInt64 as it is: a checksum. */
export const uint64 = z.string().regex(/^\d{1,20}$/);
export const int64 = z.string().regex(/^-?\d{1,19}$/);
/** UInt8 to UInt32. */
export const smallCount = z.int().min(0);
/** DateTime64, in ClickHouse's notation. */
export const moment = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?$/);
/** Date32. */
export const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
export const loadId = z.guid();

/** Keys are names of a file's columns, `__proto__` among them: taken as it is, not copied. */
export const textByName = z.custom<Record<string, string>>(
  (value) => isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
  'no map of texts',
);
/** UInt64 by the name of a column. */
export const countByText = textByName
  .refine(
    (counts) => Object.values(counts).every((text) => count.safeParse(text).success),
    'no map of counts',
  )
  .transform((counts) =>
    Object.fromEntries(Object.entries(counts).map(([name, text]) => [name, Number(text)])),
  );
export const countByName = z.custom<Record<string, number>>(
  (value) => isRecord(value) && Object.values(value).every((number) => Number.isSafeInteger(number)),
  'no map of counts',
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
