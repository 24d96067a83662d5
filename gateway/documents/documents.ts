/** Documents that clients send, by text or by hash: each is parsed and validated once, and found again by its hash. */
import { createHash } from 'node:crypto';
import { GraphQLError, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { documentNotTrusted, persistedQueryHashMismatch, persistedQueryNotFound } from '../errors.ts';
import { checkDocument, parseLimited } from '../limits/document-limits.ts';
import type { RedisStore } from '../redis/redis-store.ts';
import { operationsOf, type OperationFacts } from './operation-facts.ts';

export interface KnownDocument {
  /** SHA-256 of the text, in hexadecimal: Apollo's hash of a persisted query. */
  hash: string;
  text: string;
  /** Undefined: it cannot be parsed. */
  ast: DocumentNode | undefined;
  /** Why it is refused; empty for one that may run. */
  errors: readonly GraphQLError[];
  operations: readonly OperationFacts[];
}

/** Called before a text is understood that nobody sent before, as that takes milliseconds. It throws to refuse that. */
export type Admit = () => void;

export interface Documents {
  /** @throws GraphQLError DOCUMENT_NOT_TRUSTED */
  byText(text: string, admit: Admit): KnownDocument;
  /**
   * One that was registered here or, within the life of Redis, at any gateway.
   * @throws GraphQLError PERSISTED_QUERY_NOT_FOUND, or DOCUMENT_NOT_TRUSTED
   */
  byHash(hash: string, admit: Admit): KnownDocument | Promise<KnownDocument>;
  /**
   * Makes a document known by its hash, when it may run.
   * @throws GraphQLError PERSISTED_QUERY_HASH_MISMATCH, or DOCUMENT_NOT_TRUSTED
   */
  register(hash: string, text: string, admit: Admit): KnownDocument;
}

const MOST_DOCUMENTS = 2_000;
/** Of their texts; what is parsed of one takes some fifty times as much. */
const MOST_CHARACTERS = 1 << 20;
/** A document that nobody registers again is forgotten: its clients send it once more. */
const REMEMBERED_SECONDS = 30 * 86_400;

/** Some clients send every document with its hash: it is written to Redis once in this time. */
const SHARED_AGAIN_MS = 2_000;

const keyOf = (hash: string): string => `tripline:1:document:${hash}`;
const HASH = /^[0-9a-f]{64}$/;
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export function createDocuments({
  schema,
  trusted,
  trustedOnly,
  introspection,
  store,
}: {
  schema: GraphQLSchema;
  /** Texts that are known from the beginning. */
  trusted: readonly string[];
  /** Refuse every other. */
  trustedOnly: boolean;
  introspection: boolean;
  store: RedisStore;
}): Documents {
  const known = new LRUCache<string, KnownDocument>({
    max: MOST_DOCUMENTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ text }) => text.length + 1,
  });
  /** Those that a client may name by hash. */
  const persisted = new LRUCache<string, KnownDocument>({
    max: MOST_DOCUMENTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ text }) => text.length + 1,
  });
  /** When each was written to Redis, by `performance.now()`. */
  const sharedAt = new WeakMap<KnownDocument, number>();
  const allowed = new Map(trusted.map((text) => [text, understand(text)]));
  const allowedByHash = new Map([...allowed.values()].map((document) => [document.hash, document]));

  function understand(text: string): KnownDocument {
    const hash = hashOf(text);
    try {
      const ast = parseLimited(text);
      const errors = checkDocument(schema, ast, { introspection });
      return { hash, text, ast, errors, operations: errors.length === 0 ? operationsOf(schema, ast) : [] };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { hash, text, ast: undefined, errors: [error], operations: [] };
    }
  }

  function byText(text: string, admit: Admit): KnownDocument {
    const found = allowed.get(text) ?? known.get(text);
    if (found !== undefined) return found;
    if (trustedOnly) throw documentNotTrusted();
    admit();
    const document = understand(text);
    known.set(text, document);
    return document;
  }

  async function fromStore(hash: string, admit: Admit): Promise<KnownDocument> {
    const text = await store.run((redis) => redis.get(keyOf(hash)));
    // Whoever can write to Redis must not be able to put another document in its place, or have one understood that nobody sent.
    if (typeof text !== 'string' || hashOf(text) !== hash) throw persistedQueryNotFound();
    const document = byText(text, admit);
    persisted.set(hash, document);
    return document;
  }

  return {
    byText,
    byHash(hash, admit) {
      const found = allowedByHash.get(hash) ?? persisted.get(hash);
      if (found !== undefined) return found;
      if (trustedOnly) throw documentNotTrusted();
      if (!HASH.test(hash)) throw persistedQueryNotFound();
      return fromStore(hash, admit);
    },
    register(hash, text, admit) {
      const document = byText(text, admit);
      if (document.hash !== hash) throw persistedQueryHashMismatch({ given: hash, right: document.hash });
      if (document.errors.length > 0 || allowedByHash.has(hash)) return document;
      persisted.set(hash, document);
      // Again when it is known here: Redis may have lost it, and other gateways never had it.
      const now = performance.now();
      if (now - (sharedAt.get(document) ?? -Infinity) < SHARED_AGAIN_MS) return document;
      sharedAt.set(document, now);
      void store.run((redis) => redis.set(keyOf(hash), text, 'EX', REMEMBERED_SECONDS));
      return document;
    },
  };
}
