/** From the lake into the warehouse: judge a file by its footer, load it. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { LakeLostError, type Lake, type LakeObject } from '../lake/lake.ts';
import type { Drift } from '../warehouse/drift.ts';
import type { FileSchema } from '../warehouse/file-schema.ts';
import { readFooter } from '../warehouse/footer.ts';
import { loadDeadlineMs, loadFile, type LoadProof, type VerifiedLoad } from '../warehouse/load-file.ts';
import { surveyTextTimes } from '../warehouse/survey-text-times.ts';
import { selectTripsSql } from '../warehouse/load-sql.ts';
import { judgeFile } from '../warehouse/judge-file.ts';
import type { ReadAlone } from '../warehouse/lone-reader.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import { count } from '../warehouse/row-shapes.ts';
import { ClickHouseError, onlyRow, WarehouseAnswerError, type Warehouse } from '../warehouse/warehouse.ts';
import { isEngineTrouble, MEMORY_LIMIT_EXCEEDED, TIMEOUT_EXCEEDED } from '../warehouse/engine-trouble.ts';
import { FILE_UNREADABLE, sourceFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { createLoadJudge, type LoadJudge } from './judge-load.ts';
import { createLoadTurns, type LoadTurns } from './load-turns.ts';

export interface LoadInput {
  source: string;
  filename: string;
  version: string;
  month: string;
  lakeKey: string;
  sizeBytes: number;
}

export interface Loaded {
  load: VerifiedLoad;
  /** What was noticed when it was loaded; the footer's are known before. */
  notes: string[];
  drift: Drift[];
}

/** How often the engine may say that it cannot read a file before we believe it. */
const READ_ATTEMPTS = 2;
/** How often in a row the engine must refuse it its memory: the first time others may have had it, then it is alone. */
const REFUSED_MEMORY_TIMES = 4;
/** How often in a row the engine must go away over a file before a process of its own reads it. */
const SUSPICIOUS_CUTS = 2;
/** Where no lone reader can be had: so many attempts that began and came to nothing cannot be chance. */
const UNEXPLAINED_ATTEMPTS = 10;

/** An attempt's statements may take so many times as long as the first one's at most: as many times as it is the nth. */
const MOST_PATIENCE = 8;
/** All statements of an attempt together may take so many times the deadline of one. */
const ATTEMPT_DEADLINES = 3;

const MORE_MEMORY = 'a larger ENGINE_MEMORY_MB, on a machine that has it, may load it';

/** Left in the heartbeat by an attempt that came to nothing, and perhaps by the file's doing. */
interface Suspicion {
  /** How often in a row the engine ended, or did not answer in time, since the file was last read by a process of its own. */
  cuts: number;
  /** How often in a row it took more memory than it may: the first time, and then each time that it was loaded alone. */
  memory: number;
}

function suspicionBefore(details: unknown): Suspicion {
  const { cuts, memory } = (
    typeof details === 'object' && details !== null ? details : {}
  ) as Partial<Suspicion>;
  return { cuts: typeof cuts === 'number' ? cuts : 0, memory: typeof memory === 'number' ? memory : 0 };
}

export function createLoadActivities({
  lake,
  warehouse,
  readAlone,
  turns = createLoadTurns(),
  judge = createLoadJudge({ lake, warehouse }),
  deadlineMs = loadDeadlineMs,
}: {
  lake: Lake;
  warehouse: Warehouse;
  readAlone: ReadAlone;
  turns?: LoadTurns;
  judge?: LoadJudge;
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
  /**
   * Whether it is this file that the engine goes away over (docs/decisions/0008). Anybody may end the engine at any moment, so
   * its end proves nothing: a process that does nothing but read this file must end or hang too.
   */
  async function endsItsReader(
    { version, sizeBytes }: LoadInput,
    { schema, file, signal }: { schema: FileSchema; file: LakeObject; signal: AbortSignal },
  ): Promise<Refusal | undefined> {
    const reading = await readAlone({
      sql: selectTripsSql(schema, file),
      params: { load_id: randomUUID(), ...file.params },
      deadlineMs: deadlineMs(sizeBytes),
      signal,
    });
    if (reading === 'survived') return undefined;
    if (reading === 'outOfMemory') {
      const message = `the engine went away over it ${SUSPICIOUS_CUTS} times, and a process that did nothing but read it took more memory than one statement may: ${MORE_MEMORY}`;
      return { code: 'TOO_LARGE_FOR_MEMORY', message };
    }
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

  /** @throws ApplicationFailure `LakeLost` when the lake does not hold the file whole */
  async function judgeHeld(
    input: LoadInput,
  ): Promise<{ schema: FileSchema; notes: string[]; file: LakeObject } | { refusal: Refusal }> {
    const { lakeKey, sizeBytes } = input;
    const heldBytes = await lake.sizeOf(lakeKey);
    if (heldBytes !== sizeBytes) {
      const found = heldBytes === undefined ? 'nothing' : `${heldBytes} bytes`;
      throw sourceFailure(new LakeLostError(`the lake holds ${found} of ${sizeBytes} bytes`));
    }
    const judged = await judgeFile({ sizeBytes, read: reader(lakeKey) }, { month: input.month });
    if ('refusal' in judged) return judged;
    return { ...judged, file: await lake.tableFunction(lakeKey) };
  }

  /** Notes the attempt under a load id of its own. */
  async function begin({ source, filename, version }: LoadInput): Promise<string> {
    const { workflowExecution } = Context.current().info;
    const loadId = randomUUID();
    await warehouse.insert('load_attempts', [
      {
        load_id: loadId,
        source,
        filename,
        version,
        workflow_id: workflowExecution?.workflowId ?? '',
        run_id: workflowExecution?.runId ?? '',
      },
    ]);
    return loadId;
  }

  async function load(
    { source, filename, version, month, sizeBytes }: LoadInput,
    {
      loadId,
      schema,
      notes,
      file,
      signal,
    }: { loadId: string; schema: FileSchema; notes: string[]; file: LakeObject; signal: AbortSignal },
  ): Promise<Loaded | { refusal: Refusal }> {
    const { attempt } = Context.current().info;
    const statementMs = deadlineMs(sizeBytes) * Math.min(attempt, MOST_PATIENCE);
    const reading = {
      schema,
      file,
      deadlineMs: statementMs,
      // An engine that is deaf to its deadline may never answer.
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_DEADLINES * statementMs)]),
    };
    const surveyed = await surveyTextTimes(warehouse, reading);
    const result = await loadFile({
      warehouse,
      ...reading,
      schema: surveyed.schema,
      loadId,
      source,
      filename,
      version,
      month,
    });
    if ('code' in result) return { refusal: result };
    const judged = await judge.after(result, { month, signal });
    if ('refusal' in judged) return judged;
    return {
      load: result,
      notes: [...notes, ...misfitNotes(schema, result.proof), ...judged.notes],
      drift: surveyed.drift,
    };
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
    async loadIntoWarehouse(input: LoadInput): Promise<Loaded | { refusal: Refusal }> {
      const context = Context.current();
      const before = suspicionBefore(context.info.heartbeatDetails);
      const suspect = before.cuts >= SUSPICIOUS_CUTS || before.memory > 0;
      let after = before;
      let alone = false;
      try {
        return await withHeartbeat((signal) =>
          turns.run({ alone: suspect, signal }, async (isAlone) => {
            alone = isAlone;
            const judged = await judgeHeld(input);
            if ('refusal' in judged) return judged;
            const { schema, notes, file } = judged;
            const refusal = await judge.before(input, signal);
            if (refusal !== undefined) return { refusal };
            const loadId = await begin(input);
            if (before.cuts >= SUSPICIOUS_CUTS) {
              const ends = await endsItsReader(input, { schema, file, signal });
              if (ends !== undefined) return { refusal: ends };
              after = { ...before, cuts: 0 };
            }
            return load(input, { loadId, schema, notes, file, signal });
          }),
        );
      } catch (error) {
        // What is not the engine says nothing about what a file does to the engine.
        if (error instanceof WarehouseAnswerError) throw error;
        if (!(error instanceof ClickHouseError) || error.code === TIMEOUT_EXCEEDED)
          after = { ...after, cuts: after.cuts + 1 };
        else if (error.code === MEMORY_LIMIT_EXCEEDED && (alone || after.memory === 0))
          after = { ...after, memory: after.memory + 1 };
        if (error instanceof ClickHouseError && after.memory >= REFUSED_MEMORY_TIMES) {
          const message = `the engine refused it its memory ${after.memory} times, while no other file was loaded: ${firstSentence(error.message)}: ${MORE_MEMORY}`;
          return { refusal: { code: 'TOO_LARGE_FOR_MEMORY', message } };
        }
        context.heartbeat(after);
        if (
          !(error instanceof ClickHouseError) ||
          isEngineTrouble(error) ||
          context.info.attempt < READ_ATTEMPTS
        )
          throw error;
        throw ApplicationFailure.nonRetryable(error.message.slice(0, 1000), FILE_UNREADABLE);
      }
    },
  };
}

/** The engine's own words; what comes after tells of its insides. */
const firstSentence = (message: string): string => (message.split('. ')[0] ?? '').slice(0, 300);

/** Of known columns alone: the footer told of the others already. */
function misfitNotes({ columns }: FileSchema, { keptInExtra = {} }: LoadProof): string[] {
  return columns.flatMap(({ source, canonical }) => {
    const trips = keptInExtra[source];
    if (trips === undefined) return [];
    const isOne = columns.filter((other) => other.canonical === canonical).length === 1;
    const why = isOne ? `fit no ${canonical}` : `fit no ${canonical}, or stand beside another column's`;
    return [`${source}: ${trips} values ${why}, kept in extra`];
  });
}
