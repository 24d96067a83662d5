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

it.each([
  ['https://trips.example.org/a/', 'https://trips.example.org/a/'],
  ['https://trips.example.org:8443/a', 'https://trips.example.org:8443/a/'],
  ['https://me:hush@trips.example.org/a/', 'https://trips.example.org/a/'],
  ['https://me:hu@sh@trips.example.org/a/', 'https://trips.example.org/a/'],
  ['https://hush@trips.example.org/x_{month}.parquet', 'https://trips.example.org/x_{month}.parquet'],
  ['https://trips.example.org/x_{month}.parquet?sig=hush', 'https://trips.example.org/x_{month}.parquet'],
  ['HTTPS:\\\\me:hush@trips.example.org\\a/?sig=hush@x#hush', 'https://trips.example.org/a/'],
])('%s is shown as %s', (url, shown) => {
  expect(describeSource(readEnvironment({ SOURCE_URL: url, SOURCE_FROM: '2024-01' }).source)).toBe(shown);
});

describe('access', () => {
  const KEY = 'a-key-of-sixteen-chars-or-more';
  const OTHER = 'another-key-of-sixteen-chars/+=~';
  const access = (env: Record<string, string>) => readEnvironment(env).access;

  it('is open to read by default, and to no web page of elsewhere', () => {
    expect(readEnvironment({})).toMatchObject({
      access: { reading: 'open', apiKeys: new Map(), jwt: undefined },
      corsOrigins: [],
      trustProxy: false,
    });
  });

  it('takes keys, which name clients also where reading is open', () => {
    expect(access({ API_KEYS: `grafana:${KEY}, dash.2:${OTHER}` })).toEqual({
      reading: 'open',
      apiKeys: new Map([
        [KEY, 'grafana'],
        [OTHER, 'dash.2'],
      ]),
      jwt: undefined,
    });
  });

  it('takes tokens of an issuer', () => {
    const jwksUrl = 'https://id.example.org/jwks';
    expect(access({ READING: 'authenticated', JWT_JWKS_URL: jwksUrl })).toMatchObject({
      reading: 'authenticated',
      jwt: { jwksUrl, issuer: undefined, audience: undefined },
    });
    const named = { JWT_ISSUER: 'https://id.example.org/', JWT_AUDIENCE: 'tripline' };
    expect(access({ JWT_JWKS_URL: jwksUrl, ...named }).jwt).toEqual({
      jwksUrl,
      issuer: 'https://id.example.org/',
      audience: 'tripline',
    });
  });

  it('takes origins', () => {
    const origins = (text: string) => readEnvironment({ CORS_ORIGINS: text }).corsOrigins;
    expect(origins('*')).toEqual(['*']);
    expect(origins('https://a.example.org, http://localhost:3000')).toEqual([
      'https://a.example.org',
      'http://localhost:3000',
    ]);
  });

  it('takes names of the gateway as browsers send them', () => {
    const names = (text: string) => readEnvironment({ ALLOWED_HOSTS: text }).allowedHosts;
    expect(names('gateway, Tripline.Example.org., *.example.net')).toEqual([
      'gateway',
      'tripline.example.org',
      '*.example.net',
    ]);
    expect(names('bücher.example,tripline_gateway,*')).toEqual([
      'xn--bcher-kva.example',
      'tripline_gateway',
      '*',
    ]);
    expect(readEnvironment({}).allowedHosts).toEqual([]);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ READING: 'closed' }, /^READING must be open or authenticated; got "closed"$/],
    [{ READING: 'authenticated' }, /^READING is authenticated, and nobody could read: set API_KEYS or JWT/],
    [{ API_KEYS: KEY }, /^API_KEYS must be name:key,name:key, /],
    [{ API_KEYS: 'grafana:hush-short' }, /^API_KEYS must be name:key,name:key, each key of at least 16/],
    [{ API_KEYS: `grafana:${KEY},` }, /^API_KEYS must be name:key/],
    [{ API_KEYS: `grafana:${KEY}:${OTHER}` }, /^API_KEYS must be name:key/],
    [{ API_KEYS: `a b:${KEY}` }, /^API_KEYS must be name:key/],
    [{ API_KEYS: `one:${KEY},two:${KEY}` }, /^API_KEYS gives one and two the same key/],
    [{ API_KEYS: `one:${KEY},one:${OTHER}` }, /^API_KEYS has the name one twice: .* as in one-new$/],
    [{ API_KEYS: `one:${KEY}`, OPERATOR_TOKEN: KEY }, /^API_KEYS gives one the OPERATOR_TOKEN: /],
    [{ OPERATOR_TOKEN: 'hush-short' }, /^OPERATOR_TOKEN must have at least 16 characters$/],
    [{ OPERATOR_TOKEN: `${KEY} ${KEY}` }, /^OPERATOR_TOKEN must be of .* without spaces$/],
    [{ JWT_JWKS_URL: 'id.example.org' }, /^JWT_JWKS_URL must be a URL that starts with http:/],
    [
      { JWT_JWKS_URL: `https://u:${KEY}@id/jwks` },
      /^JWT_JWKS_URL must have no user.*"https:\/\/…@id\/jwks"$/,
    ],
    [{ JWT_ISSUER: 'https://id' }, /^JWT_ISSUER needs JWT_JWKS_URL: /],
    [{ JWT_AUDIENCE: 'tripline' }, /^JWT_AUDIENCE needs JWT_JWKS_URL: /],
    [{ CORS_ORIGINS: 'https://a.example.org/' }, /^CORS_ORIGINS must be \* or origins such as/],
    [{ CORS_ORIGINS: 'null' }, /^CORS_ORIGINS must be/],
    [
      { ALLOWED_HOSTS: 'https://a.example.org' },
      /^ALLOWED_HOSTS must be names such as tripline\.example\.org/,
    ],
    [
      { ALLOWED_HOSTS: 'a.example.org:8443' },
      /^ALLOWED_HOSTS must be names .* without https:\/\/, port and path/,
    ],
    [{ ALLOWED_HOSTS: 'a.example.org,' }, /^ALLOWED_HOSTS must be names/],
    [{ ALLOWED_HOSTS: 'a.*.example.org' }, /^ALLOWED_HOSTS must be names/],
    [{ PUBLIC_URL: 'tripline.example.org' }, /^PUBLIC_URL must be a URL that starts with http/],
    [{ TRUST_PROXY: 'yes' }, /^TRUST_PROXY must be 0 or 1; got "yes"$/],
    [{ REDIS_URL: `http://me:${KEY}@redis` }, /^REDIS_URL must be a URL .*got "http:\/\/…@redis"$/],
    [{ CLICKHOUSE_URL: `me:${KEY}@click house` }, /^CLICKHOUSE_URL must be a URL .*got "me:…@click house"$/],
    [{ SOURCE_URL: `//me:${KEY}@host/` }, /^SOURCE_URL must be one of .*got "…@host\/"$/],
    [{ SOURCE_URL: 'htps//host/?sig=hush' }, /^SOURCE_URL must be one of .*got "htps\/\/host\/\?…"$/],
  ])('%j is a mistake, and no secret is repeated', (env, message) => {
    const found = mistakes(env);
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found.join()).not.toMatch(/hush|sixteen/);
  });

  it('tells every mistake at once', () => {
    expect(
      mistakes({ READING: 'authenticated', JWT_ISSUER: 'https://id', CORS_ORIGINS: 'x', PORT: '0' }),
    ).toHaveLength(4);
    expect(
      mistakes({ API_KEYS: `one:${KEY}`, OPERATOR_TOKEN: KEY, JWT_AUDIENCE: 'tripline', PORT: '0' }),
    ).toHaveLength(3);
  });
});

it('takes the database of ClickHouse by path and by parameter, and nothing else behind its address', () => {
  const urlOf = (value: string) => readEnvironment({ CLICKHOUSE_URL: value }).clickhouseUrl;
  expect(urlOf('http://u:p@host:8123')).toBe('http://u:p@host:8123');
  expect(urlOf('http://u:p@host:8123/trips')).toBe('http://u:p@host:8123/trips');
  expect(urlOf('http://u:p@host:8123?database=trips')).toBe('http://u:p@host:8123/trips');
  expect(urlOf('http://u:p@host:8123/trips?database=trips')).toBe('http://u:p@host:8123/trips');
  for (const mistaken of ['?user=u', '/a?database=b', '?database=a&database=b', '?database=a&x=1'])
    expect(() => urlOf(`http://u:secret@host:8123${mistaken}`), mistaken).toThrow(
      /^CLICKHOUSE_URL must be http.*with \/database or \?database=.*"http:\/\/…@host:8123/,
    );
});
