import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceLocation } from '../config/environment.ts';
import { createS3Client, type S3Settings } from '../config/s3-client.ts';
import { SHELF_LIST, shelfOf } from './demo/shelf.ts';
import { createFolderSource } from './folder-source.ts';
import { createHttpIndexSource } from './http-index-source.ts';
import { createHttpTemplateSource } from './http-template-source.ts';
import type { RequestGate } from './request-gate.ts';
import { createS3Source } from './s3-source.ts';
import type { Source } from './source.ts';
import { SourceError } from './source-error.ts';
import { watchFolder } from './watch-folder.ts';

/** The source that `SOURCE_URL` names. Open it once per process and keep it: sources remember what they have seen. */
export function openSource({
  location,
  dataDir,
  s3,
  gate,
}: {
  location: SourceLocation;
  dataDir: string;
  s3: S3Settings;
  /** Passed by every request over the network; none by default. */
  gate?: RequestGate | undefined;
}): Source {
  switch (location.kind) {
    case 'demo':
      return {
        ...createHttpIndexSource({ url: () => demoUrl(dataDir), gate }),
        // Its server runs on this machine, and writes down what it has published when it can be fetched.
        watch: (listener) =>
          watchFolder({ path: shelfOf(dataDir), isNews: (name) => name === SHELF_LIST, listener }),
      };
    case 'folder':
      return createFolderSource({ path: location.path });
    case 's3': {
      const { bucket, prefix } = location;
      return createS3Source({
        client: createS3Client(s3, { publicWithoutKeys: true }),
        bucket,
        prefix,
        gate,
      });
    }
    case 'httpIndex':
      return createHttpIndexSource({ url: location.url, gate });
    case 'httpTemplate':
      return createHttpTemplateSource({ url: location.url, from: location.from, gate });
  }
}

/** Read afresh for each call: the demo server may come back on another port. */
async function demoUrl(dataDir: string): Promise<string> {
  const path = join(dataDir, 'run', 'demo.json');
  let url: unknown;
  try {
    ({ url } = JSON.parse(await readFile(path, 'utf8')) as { url?: unknown });
  } catch (cause) {
    throw new SourceError('unavailable', `The demo source is not running: ${path} cannot be read`, { cause });
  }
  if (typeof url === 'string' && URL.canParse(url)) return url.endsWith('/') ? url : `${url}/`;
  throw new SourceError('unavailable', `The demo source is not running: ${path} holds no url`);
}
