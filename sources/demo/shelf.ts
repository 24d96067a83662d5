/** What the demo source has published: files in a folder, and the list that gives them their ETags. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** In the shelf's folder; replaced whenever a file was published. */
export const SHELF_LIST = 'published.json';

/** The folder of the shelf that `npm start` has. */
export const shelfOf = (dataDir: string): string => join(dataDir, 'demo');

export interface PublishedFile {
  filename: string;
  /** Strong, of the content: `"<sha256>"`. */
  etag: string;
  sizeBytes: number;
  /** Milliseconds since 1970, whole seconds, as HTTP dates are. */
  publishedMs: number;
}

export interface Shelf {
  /** In ascending order of name. */
  files(): PublishedFile[];
  find(filename: string): PublishedFile | undefined;
  path(filename: string): string;
  /** Puts the file at `path(filename)` on the list. It stays there over restarts. */
  publish(filename: string): Promise<PublishedFile>;
}

/** Goes on with what is in `dir`; a listed file that is gone or has another size is not published any more. */
export async function openShelf({ dir }: { dir: string }): Promise<Shelf> {
  await mkdir(dir, { recursive: true });
  const listPath = join(dir, SHELF_LIST);
  const path = (filename: string) => join(dir, filename);
  const published = new Map<string, PublishedFile>();
  for (const file of await readList(listPath)) {
    const size = await stat(path(file.filename))
      .then((stats) => stats.size)
      .catch(() => undefined);
    if (size === file.sizeBytes) published.set(file.filename, file);
  }
  const files = () => [...published.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1));
  return {
    files,
    find: (filename) => published.get(filename),
    path,
    async publish(filename) {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path(filename)), hash);
      const { size } = await stat(path(filename));
      const publishedMs = Math.floor(Date.now() / 1000) * 1000;
      const file = { filename, etag: `"${hash.digest('hex')}"`, sizeBytes: size, publishedMs };
      published.set(filename, file);
      await writeFile(`${listPath}.partial`, JSON.stringify(files(), null, 2));
      await rename(`${listPath}.partial`, listPath);
      return file;
    },
  };
}

async function readList(path: string): Promise<PublishedFile[]> {
  try {
    // We alone write it, and whole.
    return JSON.parse(await readFile(path, 'utf8')) as PublishedFile[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
