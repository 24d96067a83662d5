/** How kept answers go out: 200 or 304, plain or compressed, the same headers whichever way they were found. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { KeptAnswer } from '../cache/kept-answer.ts';
import { matchesWeakly } from './entity-tags.ts';
import type { Form } from './negotiation.ts';

const gzip = promisify(gzipCallback);

/** Smaller ones fit into a packet or two anyway. */
const COMPRESSED_FROM_BYTES = 1_400;

/** Of the heads that an answer has for each form. */
const KINDS = ['got', 'notModified', 'posted'] as const;
type Kind = (typeof KINDS)[number];

export interface AnswerWriter {
  /** Writes it at once, unless it must be compressed first: then nothing is written. @returns the status, or undefined */
  write(
    request: IncomingMessage,
    response: ServerResponse,
    answer: KeptAnswer,
    form: Form,
  ): 200 | 304 | undefined;
  /** The same with what must be done first. */
  prepareAndWrite(
    request: IncomingMessage,
    response: ServerResponse,
    answer: KeptAnswer,
    form: Form,
  ): Promise<200 | 304>;
}

/**
 * @param isPrivate answers depend on who asks, so no shared cache may keep them
 * @param vary request headers that every answer depends on
 * @param always headers of every answer, names and values in turn
 */
export function createAnswerWriter({
  isPrivate,
  vary,
  always,
}: {
  isPrivate: boolean;
  vary: readonly string[];
  always: readonly string[];
}): AnswerWriter {
  const common = [
    // Whoever keeps it asks each time whether it is still the answer: a 304 costs next to nothing.
    'Cache-Control',
    isPrivate ? 'private, no-cache' : 'public, no-cache',
    'Vary',
    ['Accept', 'Accept-Encoding', ...vary].join(', '),
  ];

  function headOf({ heads }: KeptAnswer, form: Form, kind: Kind, make: () => string[]): string[] {
    const index = form.index * KINDS.length + KINDS.indexOf(kind);
    return (heads[index] ??= make());
  }

  function write(
    request: IncomingMessage,
    response: ServerResponse,
    answer: KeptAnswer,
    form: Form,
  ): 200 | 304 | undefined {
    const isPost = request.method === 'POST';
    const condition = request.headers['if-none-match'];
    if (condition !== undefined && !isPost && matchesWeakly(condition, answer.etag)) {
      response.writeHead(
        304,
        headOf(answer, form, 'notModified', () => [...always, 'ETag', answer.etag, ...common]),
      );
      response.end();
      return 304;
    }
    const isCompressed = form.encoding === 'gzip' && answer.body.length >= COMPRESSED_FROM_BYTES;
    const body = isCompressed ? answer.gzipped : answer.body;
    if (!(body instanceof Buffer)) return undefined;
    const make = (): string[] => [
      ...always,
      'Content-Type',
      `${form.mediaType}; charset=utf-8`,
      'Content-Length',
      String(body.length),
      ...(isCompressed ? ['Content-Encoding', 'gzip'] : []),
      // What answers a POST is nobody's to keep.
      ...(isPost ? ['Cache-Control', 'no-store'] : ['ETag', answer.etag, ...common]),
    ];
    response.writeHead(200, headOf(answer, form, isPost ? 'posted' : 'got', make));
    response.end(body);
    return 200;
  }

  return {
    write,
    async prepareAndWrite(request, response, answer, form) {
      const written = write(request, response, answer, form);
      if (written !== undefined) return written;
      answer.gzipped ??= gzip(answer.body).then((zipped) => (answer.gzipped = zipped));
      await answer.gzipped;
      return write(request, response, answer, form) ?? 200;
    },
  };
}
