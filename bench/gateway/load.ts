/** Load of fixed requests, which costs the generator next to nothing: what is sent is made before. */
import { runWrk } from '../wrk.ts';

export interface Request {
  method: 'GET' | 'POST';
  /** With its query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
}

export interface Load {
  requestsPerSecond: number;
  requests: number;
  /** Of the answers, heads included. */
  bytes: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  max: number;
  /** Answers of status 400 and above. */
  refused: number;
  /** Connections that failed, and requests without an answer within 10 s. */
  failed: number;
}

/** Statuses are counted by wrk itself: a function of ours for each answer would halve what it can do. */
const REPORT = `
function done(summary, latency)
  local errors = summary.errors
  print(string.format('RESULT {"requestsPerSecond":%f,"requests":%d,"bytes":%d,"p50":%f,"p99":%f,"max":%f,"refused":%d,"failed":%d}',
    summary.requests / summary.duration * 1e6, summary.requests, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
`;

/** Sends these requests, one after the other and from the beginning again, over so many connections. */
export function load({
  url,
  requests,
  connections,
  seconds,
}: {
  url: string;
  requests: readonly Request[];
  connections: number;
  seconds: number;
}): Promise<Load> {
  const [first] = requests;
  if (first === undefined) throw new Error('nothing is to be sent');
  const { host } = new URL(url);
  const sent =
    requests.length === 1
      ? alwaysTheSame(first)
      : inTurn(requests.map((request) => onTheWire(host, request)));
  return runWrk<Load>({
    url: requests.length === 1 ? `${url}${first.path}` : url,
    script: sent + REPORT,
    connections,
    seconds,
    timeoutSeconds: 10,
  });
}

/** What JSON escapes of ASCII, Lua reads back. */
const lua = (text: string): string => JSON.stringify(text);

function alwaysTheSame({ method, headers, body }: Request): string {
  const lines = [`wrk.method = ${lua(method)}`];
  for (const [name, value] of Object.entries(headers))
    lines.push(`wrk.headers[${lua(name)}] = ${lua(value)}`);
  if (body !== undefined) lines.push(`wrk.body = ${lua(body)}`);
  return lines.join('\n');
}

const inTurn = (prepared: readonly string[]): string => `
local prepared = { ${prepared.map(lua).join(',\n')} }
local at = 0
function request()
  at = at % #prepared + 1
  return prepared[at]
end
`;

function onTheWire(host: string, { method, path, headers, body }: Request): string {
  const all = {
    Host: host,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`;
}
