/**
 * How workflows read what they are sent. Temporal's own converter throws at a payload that it cannot read, which fails the
 * workflow's tasks for as long as the message stands in its history; so a message that cannot be read becomes one that says so,
 * and the handlers refuse it like any other that makes no sense.
 */
import {
  defaultPayloadConverter,
  encodingKeys,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadConverter,
} from '@temporalio/common';

/** Stands in the place of a payload that cannot be read. */
export interface UnreadablePayload {
  unreadable: string;
}

const LONGEST_SHOWN = 60;

class LenientPayloadConverter implements PayloadConverter {
  toPayload<T>(value: T): Payload {
    return defaultPayloadConverter.toPayload(value);
  }

  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(asPlain(payload));
    } catch {
      return unreadable(payload) as T;
    }
  }
}

/** Under this name Temporal's bundler looks for it. */
export const payloadConverter = new LenientPayloadConverter();

/** `json/protobuf` (a choice of Temporal's UI and command line) is JSON, too. */
function asPlain(payload: Payload): Payload {
  if (encodingOf(payload) !== 'json/protobuf') return payload;
  return { ...payload, metadata: { [METADATA_ENCODING_KEY]: encodingKeys.METADATA_ENCODING_JSON } };
}

function unreadable(payload: Payload): UnreadablePayload {
  const encoding = encodingOf(payload);
  const what = encoding === undefined ? 'a payload without an encoding' : `a payload of encoding ${encoding}`;
  return { unreadable: `${what} that cannot be read; send JSON as json/plain` };
}

/** Undefined where none is told. */
function encodingOf(payload: Payload): string | undefined {
  const bytes = payload?.metadata?.[METADATA_ENCODING_KEY];
  if (bytes === undefined || bytes === null || bytes.length === 0) return undefined;
  const text = String.fromCharCode(...bytes.subarray(0, LONGEST_SHOWN));
  return text.replaceAll(/[^\x21-\x7e]/g, '?');
}
