import { describe, expect, it } from 'vitest';
import { describeSource, EnvironmentError, readEnvironment } from './environment.ts';

function mistakes(env: Record<string, string>): readonly string[] {
  try {
    readEnvironment(env);
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.mistakes;
    throw error;
  }
}

describe('S3', () => {
  it.each([
    ['s3://trips', { bucket: 'trips', prefix: '' }],
    ['s3://trips/', { bucket: 'trips', prefix: '' }],
    ['s3://trips/a/b', { bucket: 'trips', prefix: 'a/b/' }],
    ['s3://trips/a/b//', { bucket: 'trips', prefix: 'a/b/' }],
  ])('%s is a place', (url, place) => {
    const { source, lake, pollEveryMs } = readEnvironment({ SOURCE_URL: url, LAKE_URL: url });
    expect([source, lake]).toEqual([
      { kind: 's3', ...place },
      { kind: 's3', ...place },
    ]);
    expect(describeSource(source)).toBe(`s3://${place.bucket}/${place.prefix}`);
    expect(pollEveryMs).toBe(300_000);
  });

  it('a source takes any prefix as it is written', () => {
    expect(readEnvironment({ SOURCE_URL: 's3://trips/taxi trips%2F{1}?' }).source).toMatchObject({
      prefix: 'taxi trips%2F{1}?/',
    });
  });

  it('reads what the AWS SDK reads', () => {
    const s3 = (env: Record<string, string>) => readEnvironment(env).s3;
    expect(s3({})).toEqual({ endpoint: undefined, region: 'us-east-1' });
    expect(s3({ AWS_ENDPOINT_URL: 'http://s3:9000', AWS_DEFAULT_REGION: 'eu-west-1' })).toEqual({
      endpoint: 'http://s3:9000',
      region: 'eu-west-1',
    });
    expect(s3({ AWS_ENDPOINT_URL: 'http://aws', AWS_ENDPOINT_URL_S3: 'http://s3', AWS_REGION: 'x' })).toEqual(
      { endpoint: 'http://s3', region: 'x' },
    );
  });

  it('tells every mistake', () => {
    expect(
      mistakes({
        SOURCE_URL: 's3://',
        LAKE_URL: 's3://trips/{a,b}',
        AWS_ENDPOINT_URL_S3: 's3.example.org',
      }),
    ).toEqual([
      'AWS_ENDPOINT_URL_S3 must be a URL that starts with http:// or https://; got "s3.example.org"',
      'SOURCE_URL "s3://" names no bucket; write s3://bucket/prefix',
      `LAKE_URL's prefix must be of letters, digits and ._-/; got "s3://trips/{a,b}"`,
    ]);
    expect(mistakes({ LAKE_URL: 'https://trips' })).toEqual([
      'LAKE_URL must be file:///folder or s3://bucket/prefix; got "https://trips"',
    ]);
    expect(mistakes({ LAKE_URL: 's3://trips/lake', CHUNK_BYTES: '1048576' })).toEqual([
      'CHUNK_BYTES must be at least 5242880 with a lake on S3; got 1048576',
    ]);
    expect(mistakes({ LAKE_URL: 's3://trips/lake', CHUNK_BYTES: 'x' })).toEqual([
      'CHUNK_BYTES must be a whole number from 65536 to 1073741824; got "x"',
    ]);
    expect(mistakes({ CHUNK_BYTES: '1048576', LAKE_URL: 'file:///lake' })).toEqual([]);
  });
});
