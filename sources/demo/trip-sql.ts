/**
 * The generated trips of a month as one SELECT. Every value is a hash of (seed, month, row, which value), so that the same
 * month is the same everywhere and always; nothing is random. Runs on any ClickHouse.
 */
import { eraOf } from './era.ts';
import { hourlyTrips } from './hourly-trips.ts';

export interface MonthOptions {
  /** `YYYY-MM`, 2009-01 or later. */
  month: string;
  rows: number;
  seed: number;
}

/** Share of trips that come from the dispatch feed, which stands together at the end of a file. */
const DISPATCHED = 0.04;
const DISPATCHED_SINCE = '2018-07';

/** A number in [0, 1) that depends on the row and on `what` alone; 53 bits. */
const uniform = (what: number) => `(bitShiftRight(sipHash64(key, row, ${what}), 11) / 9007199254740992.)`;
/** Standard normal (Box and Muller 1958); uses `what` and `what + 1`. */
const normal = (what: number) =>
  `(sqrt(-2 * log(1 - ${uniform(what)})) * cos(2 * pi() * ${uniform(what + 1)}))`;

/** By popularity. 132 is JFK, 138 LaGuardia. */
const ZONES = [
  237, 161, 236, 162, 142, 186, 230, 170, 163, 239, 234, 48, 68, 141, 79, 164, 249, 107, 140, 238, 229, 246,
  263, 233, 100, 143, 113, 90, 231, 137, 43, 262, 114, 158, 50, 144, 151, 148, 211, 125, 87, 13, 88, 261, 74,
  75, 7, 265,
];

/**
 * What a trip consists of, step by step: a step's expressions see the steps before it and not each other. (Aliases used
 * by aliases would be expanded again and again: 500 ms of analysis instead of 20.)
 */
function steps({ rows }: MonthOptions): Readonly<Record<string, string>>[] {
  // Dirt as in real files, but some of it in every file however small: one row of each so many.
  const oneRowIn = (n: number) => Math.max(Math.floor(rows / Math.max(Math.round(rows / n), 3)), 1);
  const strayEvery = oneRowIn(20_000);
  return [
    {
      key: `sipHash64({seed:UInt64}, {month:String})`,
      month_start: `toDateTime64(concat({month:String}, '-01 00:00:00'), 6, 'UTC')`,
      fares_of_2012: `{month:String} >= '2012-09'`,
      fares_of_2022: `{month:String} >= '2022-12'`,
      hour: `toHour(hour_start)`,
      weekend: `toDayOfWeek(hour_start) > 5`,
    },
    {
      kind: uniform(1),
      night: `hour < 6 OR hour > 20`,
      vendor_luck: uniform(2),
      second: `toInt64(${uniform(6)} * 3600)`,
      payment_luck: uniform(12),
      absurd: `row % ${oneRowIn(60_000)} = 17`,
      negative: `row % ${oneRowIn(100_000)} = 23`,
      stray: `if(row % ${strayEvery} = 11, intDiv(row, ${strayEvery}) % 4, 4)`,
    },
    {
      // 1 trip in 31 is to or from JFK, 1 in 25 LaGuardia.
      to_jfk: `kind < 0.032`,
      to_lga: `kind >= 0.032 AND kind < 0.072`,
      unmoved: `kind >= 0.072 AND kind < 0.084`,
      vendor: `multiIf(dispatched, 2, vendor_luck < 0.7, 2, 1)`,
      vendor_of_three: `toUInt8(multiIf(vendor_luck < 0.47, 1, vendor_luck < 0.93, 2, 3))`,
      payment: `toInt64(multiIf(payment_luck < 0.74, 1, payment_luck < 0.985, 2, payment_luck < 0.992, 3, 4))`,
      // Trips are longer at night and in summer, and a little longer from year to year.
      log_miles: `0.40 + 0.15 * night - 0.05 * weekend + 0.1 * dispatched + 0.006 * (toYear(month_start) - 2009)
        - 0.04 * cos(toMonth(month_start) / 6 * pi())`,
      pickup: `multiIf(
        stray = 0, addSeconds(addMonths(month_start, 1), second),
        stray = 1, subtractSeconds(month_start, 1 + second),
        stray = 2, addSeconds(toDateTime64('2008-12-31 23:00:00', 6, 'UTC'), second),
        stray = 3, addSeconds(toDateTime64('2002-12-31 22:00:00', 6, 'UTC'), second),
        addSeconds(hour_start, second))`,
    },
    {
      miles: `multiIf(
        absurd, 5000 + 325000 * ${uniform(3)},
        negative, -0.1 - 25 * ${uniform(3)},
        unmoved, 0,
        to_jfk, 17.6 + 1.7 * ${normal(4)},
        to_lga, 9.9 + 1.6 * ${normal(4)},
        exp(log_miles + 0.8 * ${normal(4)}))`,
      to_airport: `to_jfk OR to_lga`,
      miles_per_hour: `multiIf(to_jfk OR to_lga, 22, night, 16, hour BETWEEN 8 AND 18, 9.5, 12)`,
      // A voided trip is recorded a second time with everything negative (since about 2017).
      sign: `if(payment = 4 AND {month:String} >= '2017-01' AND ${uniform(21)} < 0.6, -1, 1)`,
    },
    {
      // One vendor's meters show tenths of a mile, the other's hundredths.
      distance: `round(if(vendor = 1 AND abs(miles) < 1000, round(miles, 1), miles), 2)`,
    },
    {
      paid_miles: `least(abs(distance), 60)`,
    },
    {
      ride_seconds: `toInt64(45 + paid_miles / miles_per_hour * 3600 * exp(0.25 * ${normal(7)}))`,
    },
    {
      dropoff: `addSeconds(pickup, ride_seconds)`,
      passengers: `toInt64([1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 6][1 + toUInt8(${uniform(9)} * 12)])`,
      rate: `toInt64(multiIf(to_jfk, 2, ${uniform(10)} < 0.004, 5, 1))`,
      stored: `${uniform(11)} < 0.006`,
      pickup_zone: `multiIf(to_jfk, 132, to_lga, 138, [${ZONES.join(',')}][1 + toUInt8(48 * pow(${uniform(13)}, 2))])`,
      dropoff_zone: `[${ZONES.join(',')}][1 + toUInt8(48 * pow(${uniform(14)}, 1.6))]`,
      pickup_lon: `round(-73.98 + 0.02 * ${normal(15)}, 6)`,
      pickup_lat: `round(40.755 + 0.02 * ${normal(17)}, 6)`,
      fare: `sign * if(to_jfk, multiIf(fares_of_2022, 70, fares_of_2012, 52, 45),
        round(2 * (if(fares_of_2022, 3., 2.5) + paid_miles * multiIf(fares_of_2022, 3.5, fares_of_2012, 2.5, 2.)
        + 0.1 * ride_seconds / 60)) / 2)`,
      extra_charge: `sign * multiIf(night, if(fares_of_2022, 1., 0.5),
        NOT weekend AND hour BETWEEN 16 AND 19, if(fares_of_2022, 2.5, 1.), 0.)`,
      tax: `sign * 0.5`,
      tolls: `if(to_airport AND ${uniform(23)} < 0.5, sign * if(fares_of_2022, 6.94, 5.76), 0.)`,
      improvement: `sign * multiIf(fares_of_2022, 1., {month:String} >= '2015-01', 0.3, 0.)`,
      congestion: `if({month:String} >= '2019-02' AND NOT unmoved, sign * 2.5, 0.)`,
      airport_charge: `if(to_airport AND {month:String} >= '2022-04', sign * 1.25, 0.)`,
      cbd: `if({month:String} >= '2025-01' AND ${uniform(24)} < 0.7, sign * 0.75, 0.)`,
    },
    {
      dropoff_lon: `round(pickup_lon + paid_miles / 100 * (${uniform(19)} - 0.5), 6)`,
      dropoff_lat: `round(pickup_lat + paid_miles / 100 * (${uniform(20)} - 0.5), 6)`,
      tip: `if(payment = 1, round(fare * (0.1 + 0.2 * ${uniform(22)}), 2), 0.)`,
    },
    {
      total: `round(fare + extra_charge + tax + tip + tolls + improvement + congestion + airport_charge + cbd, 2)`,
    },
  ];
}

/**
 * The statement, to be sent with the query parameters `seed` and `month`. Only whole numbers computed here and names from
 * our own tables are written into its text.
 */
export function tripSql(options: MonthOptions): string {
  const { month, rows, seed } = options;
  const dispatched = month >= DISPATCHED_SINCE ? Math.round(rows * DISPATCHED) : 0;
  const ordinary = hourlyTrips({ month, trips: rows - dispatched, seed });
  const feed = dispatched === 0 ? [] : hourlyTrips({ month, trips: dispatched, seed: seed + 1 });
  const trips = [...ordinary, ...feed];
  let before = 0;
  const firstRows = trips.map((count) => (before += count) - count);
  const perHour = `
SELECT
  [${firstRows.join(',')}][number + 1] + k AS row,
  addHours(toDateTime64(concat({month:String}, '-01 00:00:00'), 6, 'UTC'), number % ${ordinary.length}) AS hour_start,
  number >= ${ordinary.length} AS dispatched
FROM numbers(${trips.length})
ARRAY JOIN range([${trips.join(',')}][number + 1]) AS k`;
  const allSteps = steps(options).reduce((sql, step) => {
    const columns = Object.entries(step).map(([name, expression]) => `${expression} AS ${name}`);
    return `SELECT *, ${columns.join(',\n  ')}\nFROM (${sql})`;
  }, perHour);
  const columns = eraOf(month).columns.map(({ name, sql }) => `toNullable(${sql}) AS \`${name}\``);
  return `SELECT ${columns.join(',\n  ')}\nFROM (${allSteps})\nFORMAT Parquet`;
}
