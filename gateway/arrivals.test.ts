import { describe, expect, it } from 'vitest';
import { readArrivals } from './arrivals.ts';

const NAME = 'yellow_tripdata_2024-01.parquet';
const record = (key: string, { bucket = 'trips', eventName = 'ObjectCreated:Put' } = {}) => ({
  eventName,
  s3: { bucket: { name: bucket }, object: { key } },
});
const filenames = (...records: ReturnType<typeof record>[]) =>
  readArrivals({ Records: records }, 's3://trips/in/').filenames;

describe('for a source on S3', () => {
  it('takes what lies directly under its prefix, each file once', () => {
    const minio = record(`in/${NAME}`, { eventName: 's3:ObjectCreated:CompleteMultipartUpload' });
    expect(readArrivals({ Records: [record(`in/${NAME}`), minio] }, 's3://trips/in/')).toEqual({
      filenames: [NAME],
      ignored: 0,
    });
    expect(readArrivals({ Records: [record(NAME)] }, 's3://trips/').filenames).toEqual([NAME]);
  });

  it('decodes keys', () => {
    expect(filenames(record('in/trips+of+Zo%C3%AB+%2B+100%25.parquet'))).toEqual([
      'trips of Zoë + 100%.parquet',
    ]);
    expect(filenames(record('in%2Fa.parquet'))).toEqual(['a.parquet']);
  });

  it.each([
    ['another bucket', record(`in/${NAME}`, { bucket: 'green' })],
    ['a bucket that begins alike', record(`in/${NAME}`, { bucket: 'trips2' })],
    ['another prefix', record(`out/${NAME}`)],
    ['a deeper folder', record(`in/old/${NAME}`)],
    ['a removal', record(`in/${NAME}`, { eventName: 'ObjectRemoved:Delete' })],
    ['no Parquet', record('in/notes.txt')],
    ['hidden', record('in/.a.parquet')],
    ['a way out', record('in/../a.parquet')],
    ['an encoded way out', record('in/%2e%2e%2fa.parquet')],
    ['a backslash', record('in/..\\a.parquet')],
    ['a line break', record('in/a%0a.parquet')],
    ['a broken escape', record('in/%zz.parquet')],
    ['nothing', record('')],
    ['too long', record(`in/${'a'.repeat(300)}.parquet`)],
  ])('ignores %s', (_, odd) => {
    expect(readArrivals({ Records: [odd] }, 's3://trips/in/')).toEqual({ filenames: [], ignored: 1 });
  });
});

it('takes the last part of a key for other sources', () => {
  const arrivals = readArrivals(
    { Records: [record(`in/deep/${NAME}`), record('in/')] },
    'https://host/path/',
  );
  expect(arrivals).toEqual({ filenames: [NAME], ignored: 1 });
});
