/** Which source an address means, whatever secrets are in it, and which one a folder holds. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What `DATA_DIR/source.json` says. */
export interface SourceIdentity {
  /** As `describeSource` writes it. */
  source: string;
  /** By `queryIdentity`. */
  query: string;
}

const written = z.object({
  source: z.string(),
  /** Earlier versions wrote the query into the source. */
  query: z.string().optional(),
});

/**
 * Whose data a folder holds: undefined where it does not say, as it is new.
 * @throws Error with one sentence, where it says it in a way that cannot be read
 */
export function readHeldSource(dataDir: string): SourceIdentity | undefined {
  const path = heldSourcePath(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The folder itself may be a file: that is told where it is used.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`${path} cannot be read (${code ?? 'unknown error'})`, { cause: error });
  }
  try {
    const { source, query } = written.parse(JSON.parse(text));
    return { source: withoutSecrets(source), query: query ?? queryIdentity(source) };
  } catch (error) {
    throw new Error(`${path} does not say which source's data the folder holds`, { cause: error });
  }
}

export function heldSourcePath(dataDir: string): string {
  return join(dataDir, 'source.json');
}

/** An address of HTTP without user, password and query, which may hold a signature; any other text as it is. */
export function withoutSecrets(address: string): string {
  if (!/^https?:/i.test(address) || !URL.canParse(address)) return address;
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname.replaceAll('%7Bmonth%7D', '{month}')}`;
}

/** Names of parameters that sign an address, by S3, GCS, Azure, CloudFront and others: they change, and the source does not. */
const SIGNING =
  /^(x-(amz|goog)-.*|awsaccesskeyid|googleaccessid|key-pair-id|policy|signature|expires|token|sig|s[vsrtpe]|srt|spr|sip|sk[tesv]|skoid|sktid)$/i;

/** What the query of an address tells of which source it is, as a digest, since it may hold keys; empty where that is nothing. */
export function queryIdentity(address: string): string {
  if (!URL.canParse(address)) return '';
  const { searchParams } = new URL(address);
  const telling = [...searchParams].filter(([name]) => !SIGNING.test(name));
  if (telling.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(telling)).digest('base64url').slice(0, 16);
}
