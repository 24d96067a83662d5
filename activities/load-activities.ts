/** From the lake into the warehouse: judge a file by its footer, load it. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { LakeLostError, type Lake, type LakeObject } from '../lake/lake.ts';
import type { Drift } from '../warehouse/drift.ts';
import type { FileSchema } from '../warehouse/file-schema.ts';
import { readFooter, type Footer } from '../warehouse/footer.ts';
import { loadDeadlineMs, loadFile, type LoadProof, type VerifiedLoad } from '../warehouse/load-file.ts';
import { selectTripsSql } from '../warehouse/load-sql.ts';
import { firstPagesFlaw } from '../warehouse/page-sanity.ts';
import type { ReadAlone } from '../warehouse/lone-reader.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { count } from '../warehouse/row-shapes.ts';
import { ClickHouseError, onlyRow, WarehouseAnswerError, type Warehouse } from '../warehouse/warehouse.ts';
import { isEngineTrouble, TIMEOUT_EXCEEDED } from '../warehouse/engine-trouble.ts';
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
/** How often in a row the engine must go away over a file before a process of its own reads it. */
const SUSPICIOUS_CUTS = 2;
/** Where no lone reader can be had: so many attempts that began and came to nothing cannot be chance. */
const UNEXPLAINED_ATTEMPTS = 10;

/** An attempt's statements may take so many times as long as the first one's at most: as many times as it is the nth. */
const MOST_PATIENCE = 8;
/** All statements of an attempt together may take so many times the deadline of one. */
const ATTEMPT_DEADLINES = 3;

/** Left in the heartbeat by an attempt whose engine ended, or did not answer in time, while it loaded the file. */
interface Suspicion {
  /** How often in a row, since the file was last read by a process of its own. */
  cuts: number;
}

function cutsBefore(details: unknown): number {
  const cuts: unknown =
    typeof details === 'object' && details !== null && 'cuts' in details ? details.cuts : 0;
  return typeof cuts === 'number' ? cuts : 0;
}

export function createLoadActivities({
  lake,
  warehouse,
  readAlone,
  deadlineMs = loadDeadlineMs,
}: {
  lake: Lake;
  warehouse: Warehouse;
  readAlone: ReadAlone;
  /** Of one statement of a load, by the file's bytes. */
  deadlineMs?: (sizeBytes: number) => number;
}) {
  const reader = (key: string) => async (start: number, end: number) => {
    try {
      return await lake.read({ key, range: { start, end } });
    } catch (error) {
      throw sourceFailure(error);
    }
  };
  const footerOf = ({ lakeKey, sizeBytes, month }: LoadInput): Promise<Footer> =>
    readFooter({ sizeBytes, month, read: reader(lakeKey) });

  /**
   * Whether it is this file that the engine goes away over (docs/decisions/0008). Anybody may end the engine at any moment, so
   * its end proves nothing: a process that does nothing but read this file must end or hang too.
   */
  async function endsItsReader(
    { version, sizeBytes }: LoadInput,
    schema: FileSchema,
    file: LakeObject,
  ): Promise<Refusal | undefined> {
    const reading = await withHeartbeat((signal) =>
      readAlone({
        sql: selectTripsSql(schema, file),
        params: { load_id: randomUUID(), ...file.params },
        deadlineMs: deadlineMs(sizeBytes),
        signal,
      }),
    );
    if (reading === 'survived') return undefined;
    const attempts = reading === 'unavailable' ? await attemptsOf(version) : 0;
    if (reading === 'unavailable' && attempts < UNEXPLAINED_ATTEMPTS) return undefined;
    const message =
      reading === 'died'
        ? `the engine went away over it ${SUSPICIOUS_CUTS} times, and a process that did nothing but read it ended or hung too`
        : `the engine went away again and again: ${attempts} attempts to load the file came to nothing`;
    return { code: 'ENGINE_CRASH', message };
  }

  async function attemptsOf(version: string): Promise<number> {
    const { workflowExecution } = Context.current().info;
    const rows = await warehouse.rows(
      'SELECT count() AS attempts FROM load_attempts WHERE run_id = {run_id:String} AND version = {version:String}',
      {
        row: z.object({ attempts: count }),
        params: { run_id: workflowExecution?.runId ?? '', version },
      },
    );
    return onlyRow(rows).attempts;
  }

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
    async loadIntoWarehouse(
      input: LoadInput,
    ): Promise<{ load: VerifiedLoad; notes: string[] } | { refusal: Refusal }> {
      const context = Context.current();
      const { info } = context;
      const heldBytes = await lake.sizeOf(input.lakeKey);
      if (heldBytes !== input.sizeBytes) {
        const found = heldBytes === undefined ? 'nothing' : `${heldBytes} bytes`;
        throw sourceFailure(new LakeLostError(`the lake holds ${found} of ${input.sizeBytes} bytes`));
      }
      const footer = await footerOf(input);
      if (footer.kind === 'refused') return { refusal: footer.refusal };
      if (footer.kind === 'needMore') throw new Error('the lake does not hold the whole file');
      const flaw = await firstPagesFlaw(footer.metadata, {
        sizeBytes: heldBytes,
        read: reader(input.lakeKey),
      });
      if (flaw !== undefined)
        return { refusal: { code: 'UNREADABLE', message: `the pages contradict the footer: ${flaw}` } };
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
      const file = await lake.tableFunction(input.lakeKey);
      let cuts = cutsBefore(info.heartbeatDetails);
      if (cuts >= SUSPICIOUS_CUTS) {
        const refusal = await endsItsReader(input, footer.schema, file);
        if (refusal !== undefined) return { refusal };
        cuts = 0;
      }
      const statementMs = deadlineMs(input.sizeBytes) * Math.min(info.attempt, MOST_PATIENCE);
      try {
        const result = await withHeartbeat((signal) =>
          loadFile({
            warehouse,
            file,
            schema: footer.schema,
            loadId,
            source,
            filename,
            version,
            month,
            deadlineMs: statementMs,
            // An engine that is deaf to its deadline may never answer.
            signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_DEADLINES * statementMs)]),
          }),
        );
        if ('code' in result) return { refusal: result };
        return { load: result, notes: misfitNotes(footer.schema, result.proof) };
      } catch (error) {
        // What is not the engine says nothing about what a file does to the engine.
        if (error instanceof WarehouseAnswerError) throw error;
        if (!(error instanceof ClickHouseError) || error.code === TIMEOUT_EXCEEDED)
          context.heartbeat({ cuts: cuts + 1 } satisfies Suspicion);
        if (!(error instanceof ClickHouseError) || isEngineTrouble(error) || info.attempt < READ_ATTEMPTS)
          throw error;
        throw ApplicationFailure.nonRetryable(error.message.slice(0, 1000), FILE_UNREADABLE);
      }
    },
  };
}

/** Of known columns alone: the footer told of the others already. */
function misfitNotes({ columns }: FileSchema, { keptInExtra = {} }: LoadProof): string[] {
  return columns.flatMap(({ source, canonical }) => {
    const trips = keptInExtra[source];
    return trips === undefined ? [] : [`${source}: ${trips} values fit no ${canonical}, kept in extra`];
  });
}
