/** What resolvers work with. Loaders live for one request. */
import DataLoader from 'dataloader';
import type { FileRecord } from '../warehouse/files.ts';
import type { LoadProof } from '../warehouse/load-file.ts';
import type { IngestProgress } from '../workflows/messages.ts';
import type { Answers, PercentileAnswer } from './answers.ts';
import type { Control } from './control.ts';
import type { Ingestion } from './ingestion.ts';
import type { LiveLoads } from './live-loads.ts';
import type { OperatorCheck } from './operator.ts';
import type { PercentileQuestion } from './percentile/percentile.ts';

/** What the gateway is made of: lives as long as the process. */
export interface GatewayParts {
  /** `host`: whose requests are governed; undefined for a folder. */
  source: { name: string; url: string; generated: boolean; host: string | undefined };
  answers: Answers;
  liveLoads: LiveLoads;
  ingestion: Ingestion;
  control: Control;
  operator: OperatorCheck;
  /** Every file at its newest version, in ascending order of name. */
  readFiles: () => Promise<FileRecord[]>;
  /** What was checked before these publications, by sequence. */
  readProofs: (sequences: readonly number[]) => Promise<Map<number, LoadProof>>;
}

export interface GatewayContext extends GatewayParts {
  /** Did the request carry the operator token? */
  isOperator: boolean;
  loaders: {
    /** Equal questions of one request are one. */
    percentile: DataLoader<PercentileQuestion, PercentileAnswer, string>;
    /** By filename; asks Temporal once a file. */
    progress: DataLoader<string, IngestProgress | null>;
    /** The list of files, once a request. */
    files: DataLoader<'all', FileRecord[]>;
    /** By sequence of the publication. */
    proof: DataLoader<number, LoadProof | null>;
  };
}

export function createContext(
  parts: GatewayParts,
  { authorization }: { authorization: string | null },
): GatewayContext {
  const { answers, ingestion, source, readFiles, readProofs, operator } = parts;
  return {
    ...parts,
    isOperator: operator(authorization),
    loaders: {
      percentile: new DataLoader(
        (questions) => Promise.all(questions.map((question) => answers.percentile(question))),
        {
          cacheKeyFn: ({ level, span, interpolate }) => `${level.p}:${span.from}:${span.to}:${interpolate}`,
        },
      ),
      progress: new DataLoader((filenames) =>
        Promise.all(filenames.map((filename) => ingestion.progress(source.name, filename))),
      ),
      files: new DataLoader((keys) => Promise.all(keys.map(() => readFiles()))),
      proof: new DataLoader(async (sequences) => {
        const proofs = await readProofs(sequences);
        return sequences.map((sequence) => proofs.get(sequence) ?? null);
      }),
    },
  };
}
