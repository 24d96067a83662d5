import { z } from 'zod';
import type { PercentileAnswer } from '../answers.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput } from '../errors.ts';
import { askLevel } from '../questions.ts';
import type { TripOrder, TripPlace, TripRow } from '../scans/trips-over-sql.ts';
import { rangeOf, warehouseMicros, type RangeArguments } from './percentile.ts';

interface TripsOverArguments extends RangeArguments {
  p?: number | null;
  first?: number | null;
  after?: string | null;
  orderBy?: TripOrder | null;
}

interface TripNode {
  row: TripRow;
  filename: string;
}

interface TripConnection {
  nodes: TripNode[];
  edges: { cursor: string; node: TripNode }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
  percentile: PercentileAnswer;
}

const MOST_PER_PAGE = 500;

/** What a cursor holds: the question it belongs to, the sequence of its snapshot, and the trip it stands behind. */
const CURSOR = z.tuple([
  z.literal('trips-over'),
  z.string(),
  z.int().min(0),
  z.number(),
  // As we write it: 00 or -0 is no Int64 for ClickHouse.
  z.string().regex(/^(0|-?[1-9]\d{0,17})$/),
  z.uuid(),
  z.int().min(0),
]);

/** Another question's cursor would skip trips without a word. */
const questionOf = ({ pickup, p, orderBy }: TripsOverArguments): string =>
  [pickup?.from ?? '', pickup?.to ?? '', p ?? 0.9, orderBy ?? 'DISTANCE_DESC'].join(' ');

function writeCursor(question: string, sequence: number, row: TripRow): string {
  const place = [row.trip_distance, row.pickup_micros, row.load_id, row.row_number];
  return Buffer.from(JSON.stringify(['trips-over', question, sequence, ...place])).toString('base64url');
}

function readCursor(cursor: string, question: string): { sequence: number; place: TripPlace } {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    content = undefined;
  }
  const parsed = CURSOR.safeParse(content);
  if (!parsed.success)
    throw badUserInput('after is no cursor of this list: use pageInfo.endCursor or an edge’s cursor');
  const [, asked, sequence, distance, pickup, loadId, rowNumber] = parsed.data;
  if (asked !== question)
    throw badUserInput('after is a cursor of another question: keep pickup, p and orderBy from page to page');
  return { sequence, place: { distance, pickup, loadId, rowNumber } };
}

async function tripsOverP90(
  _: unknown,
  args: TripsOverArguments,
  context: GatewayContext,
): Promise<TripConnection> {
  const first = args.first ?? 50;
  if (first < 1 || first > MOST_PER_PAGE)
    throw badUserInput(`first is ${first}: it must lie between 1 and ${MOST_PER_PAGE}`);
  const question = questionOf(args);
  const after = typeof args.after === 'string' ? readCursor(args.after, question) : undefined;
  const { span, asOf } = rangeOf(args);
  const answer = await context.answers.tripsOver(
    {
      span,
      asOf: after?.sequence ?? asOf,
      level: askLevel(args.p ?? 0.9),
      order: args.orderBy ?? 'DISTANCE_DESC',
      after: after?.place,
      // One more tells whether there is a next page.
      limit: first + 1,
    },
    context,
  );
  const edges = answer.rows.slice(0, first).map((row) => ({
    cursor: writeCursor(question, answer.sequence, row),
    node: { row, filename: answer.filenames.get(row.load_id) ?? '' },
  }));
  return {
    nodes: edges.map(({ node }) => node),
    edges,
    pageInfo: { hasNextPage: answer.rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: answer.percentile.above,
    percentile: answer.percentile,
  };
}

/** Fields of `Trip` whose column has another name than the field in snake_case. */
const COLUMNS: Readonly<Record<string, string>> = {
  vendorId: 'VendorID',
  ratecodeId: 'RatecodeID',
  pickupZone: 'PULocationID',
  dropoffZone: 'DOLocationID',
  tripDistance: 'trip_distance',
  passengerCount: 'passenger_count',
  storeAndFwdFlag: 'store_and_fwd_flag',
  paymentType: 'payment_type',
  fareAmount: 'fare_amount',
  extraAmount: 'extra_amount',
  mtaTax: 'mta_tax',
  tipAmount: 'tip_amount',
  tollsAmount: 'tolls_amount',
  improvementSurcharge: 'improvement_surcharge',
  totalAmount: 'total_amount',
  congestionSurcharge: 'congestion_surcharge',
  airportFee: 'airport_fee',
  cbdCongestionFee: 'cbd_congestion_fee',
};

export const tripsOverResolvers = {
  Query: { tripsOverP90 },
  Trip: {
    ...Object.fromEntries(
      Object.entries(COLUMNS).map(([field, column]) => [
        field,
        ({ row }: TripNode): unknown => row[column] ?? null,
      ]),
    ),
    pickup: ({ row }: TripNode): bigint => BigInt(row.pickup_micros),
    dropoff: ({ row }: TripNode): bigint | null => {
      const dropoff = row['tpep_dropoff_datetime'];
      return typeof dropoff === 'string' ? warehouseMicros(dropoff) : null;
    },
    filename: ({ filename }: TripNode): string => filename,
    rowNumber: ({ row }: TripNode): number => row.row_number,
  },
};
