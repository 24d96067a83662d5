/** A GraphQL subscription over server-sent events, read as bytes come. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export interface Subscription<Data> {
  status: number;
  contentType: string | undefined;
  /** The data of each `next` so far. */
  events: Data[];
  errors: { message: string; extensions: { code?: string } }[];
  /** Comments so far: pings. */
  pings: () => number;
  /** True when `event: complete` came, false when the stream was cut. */
  completed: Promise<boolean>;
  /** Hangs up. */
  leave: () => void;
}

interface Result<Data> {
  data?: Data | null;
  errors?: Subscription<Data>['errors'];
}

/** Resolves when the response has begun. A connection of its own; by POST, or by GET as a browser's EventSource does. */
export async function subscribe<Data>(
  url: string,
  query: string,
  {
    variables = {},
    method = 'POST',
    token,
  }: { variables?: Record<string, unknown>; method?: 'GET' | 'POST'; token?: string } = {},
): Promise<Subscription<Data>> {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const sent = request(`${url}/graphql${method === 'GET' ? `?${parameters}` : ''}`, {
    method,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    agent: false,
  });
  sent.end(method === 'GET' ? undefined : JSON.stringify({ query, variables }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const events: Data[] = [];
  const errors: Subscription<Data>['errors'] = [];
  let pings = 0;

  async function read(): Promise<boolean> {
    let text = '';
    let isComplete = false;
    try {
      for await (const bytes of response.setEncoding('utf8') as AsyncIterable<string>) {
        text += bytes;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const { event, data } = Object.fromEntries(
            block
              .split('\n')
              .map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1).trim()]),
          ) as { event?: string; data?: string };
          if (event === undefined) pings += 1;
          if (event === 'complete') isComplete = true;
          if (event !== 'next') continue;
          const result = JSON.parse(data ?? '') as Result<Data>;
          if (result.data !== null && result.data !== undefined) events.push(result.data);
          errors.push(...(result.errors ?? []));
        }
      }
    } catch {
      // Cut, or left.
    }
    return isComplete;
  }
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'],
    events,
    errors,
    pings: () => pings,
    completed: read(),
    leave: () => void sent.destroy(),
  };
}
