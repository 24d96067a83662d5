/** What resolvers work with. Loaders live for one request. */
import DataLoader from 'dataloader';
import type { FileRecord } from '../warehouse/files.ts';
import type { LoadProof } from '../warehouse/load-file.ts';
import type { Caller } from './access/caller.ts';
import type { Answers, Asking, PercentileAnswer, PercentileQuestion } from './answers.ts';
import type { Control } from './control.ts';
import type { Admission } from './limits/admission.ts';
import type { Ingestion } from './ingestion.ts';
import type { Live } from './live/live.ts';
import type { LiveLoads } from './live-loads.ts';
import { orAbort } from './or-abort.ts';
import { warehouseTrouble } from './warehouse-trouble.ts';

/** What the gateway is made of: lives as long as the process. */
export interface GatewayParts {
  /** `host`: whose requests are governed; undefined for a folder. */
  source: { name: string; url: string; generated: boolean; host: string | undefined };
  answers: Answers;
  admission: Pick<Admission, 'nodes'>;
  /** How long one request may take. */
  requestTimeoutMs: number;
  liveLoads: LiveLoads;
  live: Live;
  ingestion: Ingestion;
  control: Control;
  /** Every file at its newest version, in ascending order of name. Up to a second old, but as new as what the watcher and the live list have told. */
  readFiles: () => Promise<readonly FileRecord[]>;
  /** What was checked before these loads were published, by load id. */
  readProofs: (loadIds: readonly string[]) => Promise<Map<string, LoadProof>>;
}

export interface GatewayContext extends GatewayParts, Asking {
  caller: Caller;
  loaders: {
    /** Equal questions of one request are one. */
    percentile: DataLoader<PercentileQuestion, PercentileAnswer, string>;
    /** The list of files, the same for all of a request. */
    files: DataLoader<'all', readonly FileRecord[]>;
    /** By load id. */
    proof: DataLoader<string, LoadProof | null>;
  };
}

export function createContext(
  parts: GatewayParts,
  { caller, asking }: { caller: Caller; asking: Asking },
): GatewayContext {
  const { answers, readFiles, readProofs, requestTimeoutMs } = parts;
  const { patience } = asking;
  async function fromWarehouse<Value>(read: Promise<Value>): Promise<Value> {
    try {
      return await orAbort(read, patience);
    } catch (error) {
      const isOver = patience().signal.aborted;
      throw warehouseTrouble(error, { isOver, requestTimeoutMs, advice: 'ask again in a moment' });
    }
  }
  return {
    ...parts,
    ...asking,
    caller,
    loaders: {
      percentile: new DataLoader(
        (questions) =>
          Promise.all(
            questions.map(async (question) => {
              try {
                const [answer] = await answers.percentiles(question, asking);
                return answer ?? new Error('no level was asked for');
              } catch (error) {
                // One that is refused refuses no other.
                return error instanceof Error ? error : new Error(String(error));
              }
            }),
          ),
        {
          cacheKeyFn: ({ levels, span, interpolate, filter, asOf }) =>
            `${levels[0]?.p} ${span.from} ${span.to} ${interpolate} ${asOf} ${JSON.stringify(filter)}`,
        },
      ),
      files: new DataLoader((keys) => Promise.all(keys.map(() => fromWarehouse(readFiles())))),
      proof: new DataLoader(async (loadIds) => {
        const proofs = await fromWarehouse(readProofs(loadIds));
        return loadIds.map((loadId) => proofs.get(loadId) ?? null);
      }),
    },
  };
}
