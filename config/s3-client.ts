/** The client for S3 and everything that speaks its language, shared by the source and the lake. */
import { Readable } from 'node:stream';
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { refuseUpgrades } from './http/refuse-upgrades.ts';

export interface S3Settings {
  /** Undefined: AWS itself. Servers of one's own are asked by path (`endpoint/bucket/key`). */
  endpoint: string | undefined;
  region: string;
}

/** A page of a listing has a thousand names of at most a kB each, and XML around them. */
const MOST_ANSWER_BYTES = 16 << 20;
const MOST_ANSWER_MS = 60_000;
/** For what may take longer, as S3 answers only then: a part that is sent, an upload that is completed. */
export const LONG_ANSWER = { requestTimeout: 600_000 };

const silent = () => undefined;

export interface S3ClientOptions {
  /** Until an answer begins. */
  answerWithinMs?: number;
  /** Where the SDK finds no keys, requests are not signed: buckets that everybody may read take them. */
  publicWithoutKeys?: boolean;
}

/**
 * Nothing is retried here: who calls knows better when to come back. Credentials come by the SDK's default chain.
 */
export function createS3Client(
  { endpoint, region }: S3Settings,
  { answerWithinMs = MOST_ANSWER_MS, publicWithoutKeys = false }: S3ClientOptions = {},
): S3Client {
  // Said once for each process otherwise; package.json says which Node we run on.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  refuseUpgrades();
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: 1,
    // Milliseconds; the second is for a connection on which nothing moves, in either direction.
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: 30_000,
      requestTimeout: answerWithinMs,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: 64 },
      httpsAgent: { maxSockets: 64 },
    },
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  if (publicWithoutKeys) askUnsignedWithoutKeys(client);
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (given) => {
        const result = await next(given);
        const { statusCode, body } = result.response as { statusCode: number; body?: unknown };
        // The bytes of a file are a stream that its reader counts; all else is read whole by the SDK.
        const isFile = commandName === 'GetObjectCommand' && statusCode < 300;
        if (!isFile && body instanceof Readable) bound(body);
        return result;
      },
    { step: 'deserialize', priority: 'low', name: 'boundAnswers' },
  );
  return client;
}

/** Stand for keys that there are none of. The SDK looks for keys on the network, too: for so long it is believed that there are none. */
const NO_KEYS = { accessKeyId: 'none', secretAccessKey: '' };
const NO_KEYS_MS = 300_000;

function askUnsignedWithoutKeys({ config }: S3Client): void {
  const { signer, credentials } = config;
  let withoutKeysUntil = -Infinity;
  config.credentials = async () => {
    try {
      return await credentials();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') throw error;
      withoutKeysUntil = performance.now() + NO_KEYS_MS;
      return { ...NO_KEYS, expiration: new Date(Date.now() + NO_KEYS_MS) };
    }
  };
  config.signer = async (scheme) => {
    const signed = await signer(scheme);
    return {
      sign: async (request, options) =>
        performance.now() < withoutKeysUntil ? request : signed.sign(request, options),
    };
  };
}

/** Ends an answer that is too long or takes too long. */
function bound(body: Readable): void {
  let bytes = 0;
  const end = (why: string): void => void body.destroy(new Error(`the answer of S3 ${why}`));
  const timer = setTimeout(() => end(`takes longer than ${MOST_ANSWER_MS} ms`), MOST_ANSWER_MS);
  timer.unref();
  body.once('close', () => clearTimeout(timer));
  const { push } = body;
  body.push = (piece: unknown, ...rest: []) => {
    if (piece instanceof Uint8Array) bytes += piece.byteLength;
    if (bytes <= MOST_ANSWER_BYTES) return push.call(body, piece, ...rest);
    end(`has more than ${MOST_ANSWER_BYTES} bytes`);
    return false;
  };
}

/** What S3 answered instead of what was asked for; undefined when it did not answer at all. */
export interface S3Refusal {
  status: number;
  /** S3's own name for it, as in `NoSuchUpload`. */
  code: string;
  headers: Headers;
}

export function s3Refusal(error: unknown): S3Refusal | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  const { $metadata, $response, name } = error;
  if ($metadata.httpStatusCode === undefined) return undefined;
  const sent: unknown = $response?.headers;
  const headers = new Headers();
  for (const [header, value] of Object.entries(sent ?? {})) headers.set(header, String(value));
  return { status: $metadata.httpStatusCode, code: name, headers };
}

/** Milliseconds since 1970 of a date that S3 should have sent; now, when it did not. */
export function momentOf(date: Date | undefined): number {
  return date?.getTime() ?? Date.now();
}
