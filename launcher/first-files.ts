import { z } from 'zod';

/** What the gateway tells of the files while they load. */
export interface FirstFiles {
  /** Published or quarantined. */
  done: number;
  published: number;
  known: number;
  /** Files under way: name, and what is being done with it. */
  underWay: readonly { filename: string; doing: string; share: number }[];
  quarantined: number;
  /** Newest month (YYYY-MM) of a published file. */
  newestMonth: string | undefined;
}

const QUERY = /* GraphQL */ `
  query FirstFiles {
    source {
      files {
        stage
        count
      }
    }
    fetching: files(stage: FETCHING, first: 3) {
      nodes {
        filename
        progress {
          chunks
          chunksDone
        }
      }
    }
    loading: files(stage: LOADING, first: 3) {
      nodes {
        filename
      }
    }
    published: files(stage: PUBLISHED, first: 50) {
      nodes {
        month
      }
    }
  }
`;

const filename = z.string();
const answer = z.object({
  data: z.object({
    source: z.object({
      files: z.array(z.object({ stage: z.string(), count: z.number() })),
    }),
    fetching: z.object({
      nodes: z.array(
        z.object({ filename, progress: z.object({ chunks: z.number(), chunksDone: z.number() }).nullable() }),
      ),
    }),
    loading: z.object({ nodes: z.array(z.object({ filename })) }),
    published: z.object({ nodes: z.array(z.object({ month: z.string().nullable() })) }),
  }),
});

/** @returns undefined when the gateway has no answer just now */
export async function askForFirstFiles({
  url,
  token,
  signal,
}: {
  url: string;
  /** Reading may need one. */
  token: string;
  signal: AbortSignal;
}): Promise<FirstFiles | undefined> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: QUERY }),
      signal,
    });
    return readAnswer(await response.json());
  } catch {
    return undefined;
  }
}

/** @throws ZodError when it is not an answer to the query */
export function readAnswer(body: unknown): FirstFiles {
  const { source, fetching, loading, published } = answer.parse(body).data;
  const count = (stage: string) => source.files.find((files) => files.stage === stage)?.count ?? 0;
  return {
    done: count('PUBLISHED') + count('QUARANTINED'),
    published: count('PUBLISHED'),
    known: source.files.reduce((sum, files) => sum + files.count, 0),
    underWay: [
      ...loading.nodes.map((file) => ({ filename: file.filename, doing: 'loading', share: 0.9 })),
      ...fetching.nodes.map(({ filename, progress }) => ({
        filename,
        doing:
          progress === null ? 'fetching' : `fetching, chunk ${progress.chunksDone} of ${progress.chunks}`,
        share: progress === null || progress.chunks === 0 ? 0 : (0.8 * progress.chunksDone) / progress.chunks,
      })),
    ],
    quarantined: count('QUARANTINED'),
    newestMonth: published.nodes
      .flatMap(({ month }) => (month === null ? [] : [month]))
      .sort()
      .at(-1),
  };
}

const BAR_WIDTH = 24;

/** `3 of 5 files, 1 quarantined · yellow_tripdata_2024-03.parquet fetching, chunk 4 of 7` */
export function describeProgress({ done, known, quarantined, underWay }: FirstFiles): string {
  const [first] = underWay;
  const apart = quarantined === 0 ? '' : `, ${quarantined} quarantined`;
  return `${done} of ${known} files${apart}${first === undefined ? '' : ` · ${first.filename} ${first.doing}`}`;
}

export function drawBar(files: FirstFiles): string {
  const share =
    files.known === 0
      ? 0
      : (files.done + files.underWay.reduce((sum, file) => sum + file.share, 0)) / files.known;
  const filled = Math.round(BAR_WIDTH * Math.min(1, share));
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${describeProgress(files)}`;
}
