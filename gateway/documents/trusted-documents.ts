/** The documents that Tripline's own clients send, and those that an operator puts beside them: one operation a file. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { getOperationAST, parse } from 'graphql';

const FOLDERS = ['./trusted/', '../rest/operations/'].map((path) => new URL(path, import.meta.url));

/** Texts, as they are in the files: byte for byte, as their hash is their name. */
export function readTrustedDocuments(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.graphql'))
      .toSorted()
      .map((file) => readFileSync(new URL(file, folder), 'utf8')),
  );
}

/** As Apollo's clients read it: https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format */
export interface DocumentManifest {
  format: 'apollo-persisted-query-manifest';
  version: 1;
  operations: { id: string; name: string; type: string; body: string }[];
}

/** @throws GraphQLError when a document cannot be parsed, Error when it is not one named operation */
export function manifestOf(documents: readonly string[]): DocumentManifest {
  const operations = documents.map((body) => {
    const operation = getOperationAST(parse(body));
    if (operation?.name === undefined)
      throw new Error(`a trusted document is one named operation; got: ${body}`);
    const id = createHash('sha256').update(body).digest('hex');
    return { id, name: operation.name.value, type: operation.operation, body };
  });
  return { format: 'apollo-persisted-query-manifest', version: 1, operations };
}
