/** Which form of an answer a client takes. Clients send few different headers, so what they mean is remembered. */
import Negotiator from 'negotiator';

/** https://graphql.github.io/graphql-over-http: the media types of answers; the first is what those get who take anything. */
export const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

export interface Form {
  mediaType: MediaType;
  encoding: 'identity' | 'gzip';
  /** From 0: no two forms have the same. */
  index: number;
}

/** As they are sent: clients may name the charset, and mostly do not. */
const OFFERED = MEDIA_TYPES.map((type) => `${type}; charset=utf-8`);

const MOST_REMEMBERED = 1_000;

/** What those get who take none of ours, and are answered nevertheless. */
export const PLAIN: Form = { mediaType: 'application/json', encoding: 'identity', index: 0 };

export type Negotiation = (headers: {
  accept?: string | undefined;
  'accept-encoding'?: string | string[] | undefined;
}) => Form | undefined;

/** @returns what a client takes of what there is; undefined: nothing */
export function createNegotiation(): Negotiation {
  const remembered = new Map<string, Form | undefined>();
  let last:
    | { accept: string | undefined; encodings: string | string[] | undefined; form: Form | undefined }
    | undefined;

  return ({ accept, 'accept-encoding': encodings }) => {
    // Most requests have the headers of the one before.
    if (last !== undefined && accept === last.accept && encodings === last.encodings) return last.form;
    const form = formFor(accept, encodings);
    last = { accept, encodings, form };
    return form;
  };

  function formFor(accept: string | undefined, encodings: string | string[] | undefined): Form | undefined {
    const asked = `${accept}\n${String(encodings)}`;
    if (remembered.has(asked)) return remembered.get(asked);
    const negotiator = new Negotiator({ headers: { accept, 'accept-encoding': encodings } });
    const mediaType = MEDIA_TYPES[OFFERED.indexOf(negotiator.mediaType([...OFFERED]) ?? '')];
    const isCompressed = encodings !== undefined && negotiator.encoding(['gzip', 'identity']) === 'gzip';
    const form: Form | undefined =
      mediaType === undefined
        ? undefined
        : {
            mediaType,
            encoding: isCompressed ? 'gzip' : 'identity',
            index: 2 * MEDIA_TYPES.indexOf(mediaType) + (isCompressed ? 1 : 0),
          };
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(asked, form);
    return form;
  }
}
