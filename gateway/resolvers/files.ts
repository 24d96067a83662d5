import type { FileRecord, FileStage } from '../../warehouse/files.ts';
import type { LoadProof } from '../../warehouse/load-file.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput } from '../errors.ts';
import { fileKey } from '../load-log.ts';

const MOST_PER_PAGE = 500;

interface FileConnection {
  nodes: FileRecord[];
  edges: { cursor: string; node: FileRecord }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

async function files(
  _: unknown,
  { stage, first, after }: { stage?: FileStage | null; first?: number | null; after?: string | null },
  context: GatewayContext,
): Promise<FileConnection> {
  const size = first ?? 50;
  if (size < 1 || size > MOST_PER_PAGE)
    throw badUserInput(`first is ${size}: it must lie between 1 and ${MOST_PER_PAGE}`);
  const afterName = after === null || after === undefined ? undefined : parseCursor(after);
  const all = (await context.loaders.files.load('all')).filter(
    (file) => stage === null || stage === undefined || file.stage === stage,
  );
  const rest = afterName === undefined ? all : all.filter(({ filename }) => filename > afterName);
  const nodes = rest.slice(0, size);
  context.admission.nodes(context.cost, nodes.length);
  const edges = nodes.map((node) => ({ cursor: writeCursor(node.filename), node }));
  return {
    nodes,
    edges,
    pageInfo: { hasNextPage: rest.length > size, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: all.length,
  };
}

/** Opaque to clients: the name of the last file that was shown. */
function writeCursor(filename: string): string {
  return Buffer.from(`file:${filename}`).toString('base64url');
}

function parseCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith('file:'))
    throw badUserInput('after is no cursor of this list: use pageInfo.endCursor or an edge’s cursor');
  return text.slice('file:'.length);
}

type ShownProof = Omit<LoadProof, 'keptInExtra'> & { keptInExtra: { column: string; trips: number }[] };

export const filesResolvers = {
  Query: { files },
  File: {
    month: ({ month }: FileRecord): string | null => (month === '' ? null : month),
    reason: ({ reason }: FileRecord): string | null => (reason === '' ? null : reason),
    updatedAt: ({ updatedAtMs }: FileRecord): number => updatedAtMs,
    gone: ({ goneAtMs }: FileRecord): number | null => goneAtMs ?? null,
    async progress(
      { source, filename, stage, chunks }: FileRecord,
      _: unknown,
      context: GatewayContext,
    ): Promise<{ chunks: number; chunksDone: number } | null> {
      if (stage === 'LOADING' || stage === 'PUBLISHED') return { chunks, chunksDone: chunks };
      return stage === 'FETCHING' ? context.ingestion.progress(source, filename) : null;
    },
    live({ source, filename }: FileRecord, _: unknown, context: GatewayContext) {
      const publication = context.liveLoads.current()?.liveByFile.get(fileKey(source, filename));
      if (publication === undefined) return null;
      const { sequence, loadId, version, rows, publishedAt } = publication;
      return {
        loadId,
        dataVersion: sequence,
        version,
        trips: rows,
        publishedAt: Date.parse(`${publishedAt.replace(' ', 'T')}Z`),
      };
    },
  },
  Publication: {
    async proof(
      { loadId }: { loadId: string },
      _: unknown,
      context: GatewayContext,
    ): Promise<ShownProof | null> {
      const proof = await context.loaders.proof.load(loadId);
      if (proof === null) return null;
      const kept = Object.entries(proof.keptInExtra ?? {});
      return { ...proof, keptInExtra: kept.map(([column, trips]) => ({ column, trips })) };
    },
  },
};
