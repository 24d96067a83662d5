/**
 * Moments that are written as text, in SQL. `2009-01-04 02:52:00`, as TLC writes, is read by the engine's own parser; the other shapes that people write are
 * taken apart here and put together as that one. What fits no shape, or is no moment (31 February), is NULL.
 */
import { momentOf, onNewYorksClock } from './moments.ts';
import { literal } from './sql-text.ts';

const SPACE = '[ \\t\\r\\n\\x{a0}\\x{202f}]';
/** Hour, minute, second, fraction; half of the day. */
const TIME = `(\\d{1,2}):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,12}))?)?${SPACE}*([AaPp]\\.?[Mm]\\.?)?`;
const COMPACT_TIME = `(\\d\\d):?(\\d\\d)(?::?(\\d\\d)(?:[.,](\\d{1,12}))?)?()`;
/** An offset, a name. */
const ZONE = `${SPACE}*([+-]\\d\\d(?::?\\d\\d)?)?${SPACE}*(Z|z|UTC|Etc/UTC|GMT|E[SDP]?T|America/New_York|US/Eastern|\\[UTC\\]|Z\\[UTC\\])?`;
const WEEKDAY = `(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?${SPACE}+)?`;
const MONTH = '([A-Za-z]{3,9})\\.?';

/** Names of months begin with three letters each. */
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

type Part = 'year' | 'month' | 'day' | 'name';

interface Shape {
  date: string;
  /** What the groups of `date` are, in order; `either` where the file tells whether the day or the month is first. */
  parts: readonly Part[] | 'either';
  time?: string;
}

/** Two numbers of which either may be the day. */
const EITHER_DATE = '(\\d{1,2})[-/](\\d{1,2})[-/](\\d{4})';
/** Years of two figures, as spreadsheets write them, with slashes alone. */
const EITHER_SHORT_DATE = '(\\d{1,2})/(\\d{1,2})/(\\d\\d)';
const MONTH_FIRST: readonly Part[] = ['month', 'day', 'year'];
const DAY_FIRST: readonly Part[] = ['day', 'month', 'year'];

const SHAPES: readonly Shape[] = [
  { date: '(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})', parts: ['year', 'month', 'day'] },
  { date: '(\\d{4})(\\d\\d)(\\d\\d)', parts: ['year', 'month', 'day'], time: COMPACT_TIME },
  { date: `(\\d{4})[- ]${MONTH}[- ](\\d{1,2})`, parts: ['year', 'name', 'day'] },
  { date: `${WEEKDAY}(\\d{1,2})[- ]${MONTH}[- ,]+(\\d{4})`, parts: ['day', 'name', 'year'] },
  { date: `${WEEKDAY}${MONTH}${SPACE}+(\\d{1,2}),?${SPACE}+(\\d{4})`, parts: ['name', 'day', 'year'] },
  // With points it is a German date.
  { date: '(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})', parts: DAY_FIRST },
  { date: EITHER_DATE, parts: 'either' },
  { date: EITHER_SHORT_DATE, parts: 'either' },
];

/** How the texts of a file are written, where they are not as TLC's. */
export interface TextTimes {
  /** Places in the list of shapes. */
  shapes: readonly number[];
  dayFirst: boolean;
}

/** For a file of which nothing was asked. */
export const ANY_SHAPE: TextTimes = { shapes: SHAPES.map((_, index) => index), dayFirst: false };

const pattern = ({ date, time = TIME }: Shape): string =>
  `^${SPACE}*${date}(?:[Tt]|,?${SPACE}+)${time}${ZONE}${SPACE}*$`;

/** SQL of an array: how many texts have each shape, in the order of the list; an aggregate. */
export const countShapes = (text: string): string =>
  `[${SHAPES.map((shape) => `countIf(match(${text}, ${literal(pattern(shape))}))`).join(', ')}]`;

/** SQL of two numbers: the largest first and the largest second one of the dates of which either may be the day; an aggregate. */
export const largestOfEither = (text: string): string => {
  const numbers = `extractGroups(${text}, ${literal(`^${SPACE}*(\\d{1,2})[-/](\\d{1,2})[-/]`)})`;
  return `[toUInt64(max(toUInt8OrZero(${numbers}[1]))), toUInt64(max(toUInt8OrZero(${numbers}[2])))]`;
};

/** Is it written as TLC writes? Cheap, as it is asked of each row; never NULL for what is not. */
export const isPlain = (column: string): string =>
  `(length(${column}) = 19 AND substring(${column}, 5, 1) = '-' AND substring(${column}, 11, 1) = ' ')`;

/** Has it another zone than UTC's, by an offset? */
export const hasOffset = (column: string): string =>
  `match(${column}, ${literal(`:\\d\\d(?:[.,]\\d+)?${SPACE}*[+-](?:0[1-9]|1\\d|00:?[1-9])`)})`;

/**
 * @param column SQL of a text
 * @returns SQL of `Nullable(DateTime64(6, 'UTC'))`
 */
export function momentOfText(column: string, { shapes, dayFirst }: TextTimes): string {
  const plain = strictly(column);
  const written = SHAPES.flatMap((shape, index) =>
    shapes.includes(index) ? [momentOfShape(column, shape, dayFirst)] : [],
  );
  if (written.length === 0) return plain;
  // Functions in `if` are evaluated for the rows that need them alone.
  return `if(isNotNull(${plain}) OR isNull(${column}), ${plain}, coalesce(${written.join(', ')}))`;
}

/** The parser rolls 30 February over to March and reads bare numbers as epochs: what it read must print as it was written. */
function strictly(text: string): string {
  const parsed = `toDateTime64OrNull(${text}, 6, 'UTC')`;
  return `if(substring(toString(${parsed}), 1, 19) = replaceOne(substring(${text}, 1, 19), 'T', ' '), ${parsed}, NULL)`;
}

/** NULL where the text has another shape. */
function momentOfShape(column: string, shape: Shape, dayFirst: boolean): string {
  const parts = shape.parts === 'either' ? (dayFirst ? DAY_FIRST : MONTH_FIRST) : shape.parts;
  const groups = `extractGroups(assumeNotNull(${column}), ${literal(pattern(shape))})`;
  return bind('groups', groups, inItsZone(parts));
}

/** SQL in which a name stands for a value, which is written, and worked out, once. */
const bind = (name: string, value: string, body: string): string =>
  `arrayMap(${name} -> ${body}, [${value}])[1]`;

const group = (index: number) => `groups[${index + 1}]`;

/** SQL of the wall clock as TLC writes it, of the `groups` of a shape. */
function wallText(parts: readonly Part[]): string {
  const part = (name: Part) => (parts.includes(name) ? group(parts.indexOf(name)) : '');
  const [hour = '', minute = '', second = '', fraction = '', half = ''] = [3, 4, 5, 6, 7].map(group);
  const year = part('year');
  const name = part('name');
  const months = MONTHS.map(literal).join(', ');
  const month =
    name === '' ? part('month') : `toString(indexOf([${months}], lower(substring(${name}, 1, 3))))`;
  const isAfternoon = `lower(substring(${half}, 1, 1)) = 'p'`;
  const hours = `toUInt8OrZero(${hour})`;
  // Twelve hours twice; 13 PM is no hour.
  const ofDay = `toString(multiIf(empty(${half}), ${hours}, ${hours} NOT BETWEEN 1 AND 12, 99, ${hours} % 12 + if(${isAfternoon}, 12, 0)))`;
  const two = (text: string) => `leftPad(${text}, 2, '0')`;
  const day = `if(length(${year}) = 2, concat('20', ${year}), ${year}), '-', ${two(month)}, '-', ${two(part('day'))}`;
  const time = `${two(ofDay)}, ':', ${minute}, ':', ${two(second)}, if(empty(${fraction}), '', concat('.', substring(${fraction}, 1, 6)))`;
  return `concat(${day}, ' ', ${time})`;
}

/** UTC is taken for the wall clock, as Spark and pandas write it; so is a zone that is New York's by name. Another offset is meant: it makes an instant. */
function inItsZone(parts: readonly Part[]): string {
  const wall = bind('wall_text', wallText(parts), strictly('wall_text'));
  const offset = group(8);
  const digits = `replaceAll(substring(${offset}, 2), ':', '')`;
  const minutes = `toInt64(toUInt16OrZero(substring(${digits}, 1, 2)) * 60 + toUInt16OrZero(substring(${digits}, 3, 2)))`;
  const east = `if(startsWith(${offset}, '-'), -${minutes}, ${minutes})`;
  const instant = `toUnixTimestamp64Micro(wall) - ${east} * 60000000`;
  const shifted = bind('instant', instant, momentOf(onNewYorksClock('instant')));
  return bind('wall', wall, `if(${east} = 0, wall, ${shifted})`);
}
