/** What an answer to a hostile request must be like, whatever was asked. */
import { STATUS } from '../../../gateway/http/status.ts';
import type { Outcome, Reply, Shot } from './shot.ts';

/** What went wrong on our side, or what an answer must never hold: a stack, a statement, a place in our files. */
const LEAKS: readonly [string, RegExp][] = [
  ['a stack', /\n\s*at |\\n\s*at |\(?(?:file:\/\/|node:internal)/],
  ['a file of ours', /node_modules|\.ts:\d|\/gateway\/|\/warehouse\//],
  ['a statement', /\bSELECT\b|\bFROM trips|load_id|FORMAT RowBinary|DB::Exception|tpep_pickup_datetime/],
  ['a secret', /the-operators-own-token|-secret-key/],
];
/** Codes that say of a limit that it was exceeded: so they say which number it is. */
const OF_LIMITS = ['LIMIT_EXCEEDED', 'CONTENT_TOO_LARGE', 'TOO_EXPENSIVE', 'RATE_LIMITED', 'OVERLOADED'];
/** 50 mistakes in variables, each in at most 500 characters, and where they are. */
const MOST_REFUSAL_BYTES = 50_000;

export interface Verdict {
  /** For the table: a status and a code, or what became of the connection. */
  said: string;
  /** Empty: all is well. */
  complaints: string[];
}

export function judge(shot: Shot, outcome: Outcome): Verdict {
  if (outcome.kind === 'silence') return { said: 'silence', complaints: ['no answer came'] };
  if (outcome.kind === 'closed')
    return { said: 'closed', complaints: shot.raw === undefined ? ['it was hung up on'] : [] };
  if (outcome.kind === 'left' && outcome.reply === undefined) return { said: 'left', complaints: [] };
  const { reply } = outcome;
  if (reply === undefined) return { said: 'left', complaints: [] };
  const codes = codesOf(reply);
  const said = [reply.status, ...new Set(codes)].join(' ');
  if (outcome.kind === 'left') return { said, complaints: [] };
  return { said, complaints: [...onStatus(reply, codes), ...onForm(shot, reply), ...onWords(shot, reply)] };
}

interface Mistake {
  message: string;
  code: string | undefined;
}

function mistakesIn({ body, headers }: Reply): Mistake[] | undefined {
  const type = headers['content-type'] ?? '';
  const text = /event-stream/.test(type) ? (/^data: (.+)$/m.exec(body)?.[1] ?? '') : body;
  try {
    const content = JSON.parse(text) as {
      errors?: { message: string; extensions?: { code?: string } }[];
      status?: number;
      detail?: string;
      code?: string;
    };
    if (/problem\+json/.test(type)) return [{ message: content.detail ?? '', code: content.code }];
    return (content.errors ?? []).map(({ message, extensions }) => ({ message, code: extensions?.code }));
  } catch {
    return undefined;
  }
}

const codesOf = (reply: Reply): string[] => (mistakesIn(reply) ?? []).flatMap(({ code }) => code ?? []);

function onStatus({ status, headers }: Reply, codes: readonly string[]): string[] {
  const complaints: string[] = [];
  if (codes.includes('INTERNAL_SERVER_ERROR')) complaints.push('it is our fault, it says');
  for (const code of codes)
    if (!Object.hasOwn(STATUS, code)) complaints.push(`the code ${code} is none of ours`);
  if (status === 503 && codes.includes('OVERLOADED') && !/^\d+$/.test(headers['retry-after'] ?? ''))
    complaints.push('it does not say when to ask again');
  const isKnown =
    status < 500 ||
    (status === 503 && ['OVERLOADED', 'SERVICE_UNAVAILABLE'].some((code) => codes.includes(code))) ||
    (status === 504 && codes.includes('TIMEOUT'));
  if (!isKnown) complaints.push(`status ${status}`);
  return complaints;
}

function onForm(shot: Shot, reply: Reply): string[] {
  const { status, headers, body, isComplete } = reply;
  if (!isComplete) return ['the answer was cut'];
  if (shot.method === 'HEAD' || status < 400) return [];
  // Node answers these itself: an Expect that nobody has heard of, a request that names no host.
  if ((status === 417 || (status === 400 && shot.raw !== undefined)) && body === '') return [];
  const mistakes = mistakesIn(reply);
  if (mistakes === undefined || mistakes.length === 0) return [`a refusal as ${headers['content-type']}`];
  return mistakes.flatMap(({ message }) => (message === '' ? ['a refusal says nothing'] : []));
}

function onWords(shot: Shot, reply: Reply): string[] {
  const mistakes = mistakesIn(reply) ?? [];
  const complaints: string[] = [];
  const sent = decoded(`${shot.path} ${String(shot.headers ?? '')} ${String(shot.body ?? '')}`);
  const words = reply.status < 400 ? mistakes.map(({ message }) => message).join('\n') : reply.body;
  for (const [what, pattern] of LEAKS)
    if (pattern.test(words) && !pattern.test(sent)) complaints.push(`${what} is told`);
  for (const { message, code } of mistakes)
    if (code !== undefined && OF_LIMITS.includes(code) && !/\d/.test(message))
      complaints.push(`it does not say by how much: ${message}`);
  if (mistakes.length > 0 && reply.body.length > MOST_REFUSAL_BYTES && !reply.body.includes('"data":{'))
    complaints.push(`a refusal of ${reply.body.length} bytes`);
  return complaints;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
