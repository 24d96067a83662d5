/** From the lake into the warehouse: judge a file by its footer, load it. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Lake } from '../lake/lake.ts';
import type { Drift } from '../warehouse/drift.ts';
import { readFooter, type Footer } from '../warehouse/footer.ts';
import { loadFile, type VerifiedLoad } from '../warehouse/load-file.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { ClickHouseError, type Warehouse } from '../warehouse/warehouse.ts';
import { isEngineTrouble } from './engine-trouble.ts';
import { FILE_UNREADABLE, sourceFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface LoadInput {
  source: string;
  filename: string;
  version: string;
  month: string;
  lakeKey: string;
  sizeBytes: number;
}

/** How often the engine may say that it cannot read a file before we believe it. */
const READ_ATTEMPTS = 2;

export function createLoadActivities({ lake, warehouse }: { lake: Lake; warehouse: Warehouse }) {
  const reader = (key: string) => async (start: number, end: number) => {
    try {
      return await lake.read({ key, range: { start, end } });
    } catch (error) {
      throw sourceFailure(error);
    }
  };
  const footerOf = ({ lakeKey, sizeBytes, month }: LoadInput): Promise<Footer> =>
    readFooter({ sizeBytes, month, read: reader(lakeKey) });

  return {
    /**
     * Judges a file by its last bytes, from `fetchedFrom` on. `needFrom`: the footer begins earlier, fetch from there.
     */
    async checkFooter(input: {
      lakeKey: string;
      sizeBytes: number;
      fetchedFrom: number;
      /** Absent in requests of workflows of before there was drift. */
      month?: string;
    }): Promise<
      | { needFrom: number }
      | { refusal: Refusal; drift: Drift[] }
      | { rows: number; notes: string[]; drift: Drift[] }
    > {
      const footer = await readFooter({
        sizeBytes: input.sizeBytes,
        month: input.month ?? '',
        read: reader(input.lakeKey),
        fetchedFrom: input.fetchedFrom,
      });
      if (footer.kind === 'needMore') return { needFrom: footer.start };
      const { drift } = footer.kind === 'refused' ? footer : footer.schema;
      if (footer.kind === 'refused') return { refusal: footer.refusal, drift };
      return { rows: footer.schema.rows, notes: footer.schema.notes, drift };
    },

    /** One attempt to load a file, under a load id of its own: whatever becomes of it, no other attempt is touched. */
    async loadIntoWarehouse(input: LoadInput): Promise<{ load: VerifiedLoad } | { refusal: Refusal }> {
      const { info } = Context.current();
      const footer = await footerOf(input);
      if (footer.kind === 'refused') return { refusal: footer.refusal };
      if (footer.kind === 'needMore') throw new Error('the lake does not hold the whole file');
      const { source, filename, version, month } = input;
      const loadId = randomUUID();
      await warehouse.insert('load_attempts', [
        {
          load_id: loadId,
          source,
          filename,
          version,
          workflow_id: info.workflowExecution?.workflowId ?? '',
          run_id: info.workflowExecution?.runId ?? '',
        },
      ]);
      try {
        const lakeObject = await lake.tableFunction(input.lakeKey);
        const result = await withHeartbeat((signal) =>
          loadFile({
            warehouse,
            file: lakeObject,
            schema: footer.schema,
            loadId,
            source,
            filename,
            version,
            month,
            signal,
          }),
        );
        return 'code' in result ? { refusal: result } : { load: result };
      } catch (error) {
        if (!(error instanceof ClickHouseError) || isEngineTrouble(error) || info.attempt < READ_ATTEMPTS)
          throw error;
        throw ApplicationFailure.nonRetryable(error.message.slice(0, 1000), FILE_UNREADABLE);
      }
    },
  };
}
