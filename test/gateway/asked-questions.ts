/** Questions in all the ways in which they are asked, and how their answers are checked. */
import { createHash } from 'node:crypto';
import { formatLocalDateTime } from '../../gateway/percentile/local-date-time.ts';
import { DAY_MICROS, HOUR_MICROS, type Span } from '../../gateway/percentile/pickup-range.ts';
import { post, type Asked } from '../support/http-client.ts';
import type { PlainLog, PlainPercentile } from '../support/plain-log.ts';

export interface AskedQuestion {
  id: string;
  span: Span;
  path: string;
  asked: Asked;
  /** By Apollo's protocol, for a gateway that does not know the hash: the path with the document. */
  pathWithDocument?: string;
  /** What the answer says. */
  read: (body: string) => { dataVersion: number; percentiles: PlainPercentile[] };
  /** What it must say at that data version. */
  expected: (log: PlainLog, dataVersion: number) => PlainPercentile[];
}

const P90 = 'query p90($pickup: PickupRange) { p90(pickup: $pickup) { value trips dataVersion } }';
const FILTERED =
  'query filtered($pickup: PickupRange, $filter: TripFilter) { p90(pickup: $pickup, filter: $filter) { value trips dataVersion } }';
const BY_HOUR =
  'query byHour($pickup: PickupRange) { p90By(pickup: $pickup, dimension: HOUR_OF_DAY) { groups { value trips } dataVersion } }';

type Answer = PlainPercentile & { dataVersion: number };

const one = ({ value, trips, dataVersion }: Answer) => ({ dataVersion, percentiles: [{ value, trips }] });
const data = <Data>(body: string): Data => (JSON.parse(body) as { data: Data }).data;

/** A GET by the document's hash. */
function byHash(
  query: string,
  variables: object,
): Pick<AskedQuestion, 'path' | 'pathWithDocument' | 'asked'> {
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const parameters = {
    variables: JSON.stringify(variables),
    extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash } }),
  };
  return {
    path: `/graphql?${new URLSearchParams(parameters)}`,
    pathWithDocument: `/graphql?${new URLSearchParams({ query, ...parameters })}`,
    asked: { headers: { accept: 'application/graphql-response+json' } },
  };
}

/** Of one range: by hash, by POST, over REST; from the ladder, from ClickHouse, and a series. */
export function questionsAbout(span: Span): AskedQuestion[] {
  const [from, to] = [formatLocalDateTime(span.from), formatLocalDateTime(span.to)];
  const pickup = { from, to };
  const range = new URLSearchParams(pickup).toString();
  const plain: AskedQuestion['expected'] = (log, version) => [log.p90(span, version)];
  const readP90 = (body: string) => one(data<{ p90: Answer }>(body).p90);
  const questions: Omit<AskedQuestion, 'id' | 'span'>[] = [
    { ...byHash(P90, { pickup }), read: readP90, expected: plain },
    { path: '/graphql', asked: post(P90, { pickup }), read: readP90, expected: plain },
    {
      path: `/api/p90?${range}`,
      asked: {},
      read: (body) => one(JSON.parse(body) as Answer),
      expected: plain,
    },
    {
      ...byHash(FILTERED, { pickup, filter: { tripDistance: { min: 2 } } }),
      read: readP90,
      expected: (log, version) => [log.p90(span, version, ({ distance }) => distance >= 2)],
    },
    {
      ...byHash(BY_HOUR, { pickup }),
      read(body) {
        const { p90By } = data<{ p90By: { groups: PlainPercentile[]; dataVersion: number } }>(body);
        return { dataVersion: p90By.dataVersion, percentiles: p90By.groups };
      },
      expected: (log, version) =>
        Array.from({ length: 24 }, (_, hour) =>
          log.p90(span, version, ({ pickup: at }) => Number((at % DAY_MICROS) / HOUR_MICROS) === hour),
        ),
    },
    {
      path: `/api/series?bucket=DAY&${range}`,
      asked: {},
      read(body) {
        const { points, dataVersion } = JSON.parse(body) as {
          points: PlainPercentile[];
          dataVersion: number;
        };
        return { dataVersion, percentiles: points.map(({ value, trips }) => ({ value, trips })) };
      },
      expected: (log, version) => daysOf(span).map((day) => log.p90(day, version)),
    },
  ];
  return questions.map((question, index) => ({ ...question, id: `${index} ${from} ${to}`, span }));
}

/** Cut where the span is. */
function daysOf({ from, to }: Span): Span[] {
  const days: Span[] = [];
  for (let begin = from; begin < to;) {
    const next = begin - (begin % DAY_MICROS) + DAY_MICROS;
    days.push({ from: begin, to: next < to ? next : to });
    begin = next;
  }
  return days;
}
