/** `POST /api/arrivals`: S3 event notifications, as AWS and MinIO send them, become `fileArrived` signals to the watcher. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Caller } from './access/caller.ts';
import { operatorRefusal } from './access/refusal.ts';
import type { GatewayParts } from './context.ts';
import { readLimitedBody } from './limits/http-limits.ts';
import { sendProblem } from './problem.ts';

/** A notification of one object has about 1 kB; those that are sent in batches have more. */
const MOST_BYTES = 1 << 20;
/** Each file is a signal, and a watcher's run takes 10,000. */
const MOST_FILES = 500;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const notification = z.union([
  z.object({
    Records: z.array(
      z.object({
        eventName: z.string(),
        s3: z.object({ bucket: z.object({ name: z.string() }), object: z.object({ key: z.string() }) }),
      }),
    ),
  }),
  // What AWS sends when notifications are set up.
  z.object({ Event: z.literal('s3:TestEvent') }).transform(() => ({ Records: [] })),
]);
type Notification = z.infer<typeof notification>;

export interface Arrivals {
  /** Base names, each once, in the order of the records. */
  filenames: string[];
  /** Records that told of nothing that this source could list. */
  ignored: number;
}

/**
 * What arrived at a source, by a notification.
 * @param sourceUrl as `describeSource` gives it: only objects directly under an S3 source's own prefix are its files; of
 *   other sources, whose files somebody puts somewhere, the last part of the key counts
 */
export function readArrivals({ Records: records }: Notification, sourceUrl: string): Arrivals {
  const filenames = new Set<string>();
  let ignored = 0;
  for (const { eventName, s3 } of records) {
    const key = /^(s3:)?ObjectCreated:/.test(eventName) ? decodedKey(s3.object.key) : undefined;
    const address = `s3://${s3.bucket.name}/${key}`;
    const filename = sourceUrl.startsWith('s3:')
      ? address.startsWith(sourceUrl)
        ? address.slice(sourceUrl.length)
        : undefined
      : key?.split('/').at(-1);
    if (key !== undefined && filename !== undefined && isFilename(filename)) filenames.add(filename);
    else ignored += 1;
  }
  return { filenames: [...filenames], ignored };
}

/** Keys come as in a form: percent-encoded, with + for spaces. Undefined when this one does not. */
function decodedKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** A name that a listing could show; the source itself decides again. */
function isFilename(name: string): boolean {
  return (
    /\.parquet$/i.test(name) && !name.startsWith('.') && !/[/\\\p{Cc}]/u.test(name) && name.length <= 255
  );
}

/** Answers 202 with how many files the watcher was told of, or with problem+json: 400, 401, 403, 405, 413, 503. */
export async function takeArrivals(
  request: IncomingMessage,
  response: ServerResponse,
  { source, control }: Pick<GatewayParts, 'source' | 'control'>,
  caller: Caller,
): Promise<void> {
  const refuse = (status: number, title: string, detail: string): void => {
    // What is still coming of the body is of no interest.
    if (!request.complete) response.setHeader('connection', 'close');
    sendProblem(response, { status, title, detail });
  };
  const refusal = operatorRefusal(caller);
  if (refusal !== undefined) throw refusal;
  const body = await readLimitedBody(request, MOST_BYTES);
  const parsed = notification.safeParse(parseJson(body.toString()));
  if (!parsed.success)
    return refuse(
      400,
      'Bad Request',
      'Expected an S3 event notification: {"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"…"},"object":{"key":"…"}}}]}',
    );
  const { filenames, ignored } = readArrivals(parsed.data, source.url);
  if (filenames.length > MOST_FILES)
    return refuse(400, 'Bad Request', `At most ${MOST_FILES} files at a time; got ${filenames.length}.`);
  try {
    for (const filename of filenames) await control.fileArrived(source.name, filename);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return refuse(503, 'Service Unavailable', error.message);
  }
  response.writeHead(202, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ accepted: filenames.length, ignored })}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
