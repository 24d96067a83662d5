/** Which form of an answer a client takes. Clients send few different headers, so what they mean is remembered. */
import Negotiator from 'negotiator';

/** https://graphql.github.io/graphql-over-http: the media types of answers; the first is what those get who take anything. */
export const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

export interface Form {
  mediaType: MediaType;
  encoding: 'identity' | 'gzip';
  /** Short, for keys. */
  id: string;
}

const MOST_REMEMBERED = 1_000;

export type Negotiation = (headers: {
  accept?: string | undefined;
  'accept-encoding'?: string | string[] | undefined;
}) => Form | undefined;

/** @returns what a client takes of what there is; undefined: nothing */
export function createNegotiation(): Negotiation {
  const remembered = new Map<string, Form | undefined>();
  return ({ accept, 'accept-encoding': encodings }) => {
    const asked = `${accept}\n${String(encodings)}`;
    if (remembered.has(asked)) return remembered.get(asked);
    const negotiator = new Negotiator({ headers: { accept, 'accept-encoding': encodings } });
    const mediaType = negotiator.mediaType([...MEDIA_TYPES]) as MediaType | undefined;
    const isCompressed = encodings !== undefined && negotiator.encoding(['gzip', 'identity']) === 'gzip';
    const form: Form | undefined =
      mediaType === undefined
        ? undefined
        : {
            mediaType,
            encoding: isCompressed ? 'gzip' : 'identity',
            id: `${MEDIA_TYPES.indexOf(mediaType)}${isCompressed ? 'z' : ''}`,
          };
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(asked, form);
    return form;
  };
}
