/** Watches one source for as long as it exists: polls it, and keeps a window of ingestions running. */
import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChangedFile } from '../activities/list-activities.ts';
import { listActivities, warehouseActivities } from './activity-options.ts';
import { mistakeInBackfill } from './backfill-request.ts';
import { ingestFile } from './ingest-file.ts';
import { textField } from './message-fields.ts';
import {
  backfill,
  fileArrived,
  fileSettled,
  ingestId,
  newVersion,
  pause,
  resume,
  status,
  type BackfillRequest,
} from './messages.ts';

export interface WatchSourceInput {
  source: string;
  /** Carried over from the run before. */
  state?: WatcherState;
}

interface WatcherState {
  paused: boolean;
  lastPollAtMs: number | null;
  pollEveryMs: number;
  problem: string | null;
  inFlight: { filename: string; version: string | null; sinceMs: number }[];
  waiting: (ChangedFile & { fromLake: boolean })[];
  backfills: BackfillRequest[];
  mistakes: string[];
}

/** Ingestions at the same time. */
const WINDOW = 4;
/** Polls wait while more files than this wait for their place: the state that is carried over stays small. */
const MOST_WAITING = 100;
/** An ingestion that has not told of its end for this long is looked after. */
const SILENT_MS = 60_000;
const KEPT_MISTAKES = 20;
/** Milliseconds before the first poll has told how often to poll. */
const FIRST_POLL_EVERY_MS = 5_000;

export async function watchSource({ source, state: before }: WatchSourceInput): Promise<void> {
  const state: WatcherState = before ?? {
    paused: false,
    lastPollAtMs: null,
    pollEveryMs: FIRST_POLL_EVERY_MS,
    problem: null,
    inFlight: [],
    waiting: [],
    backfills: [],
    mistakes: [],
  };
  let pollNow = before === undefined;
  let nextPollAtMs: number | null = null;

  const mistaken = (mistake: string): void => {
    state.mistakes = [...state.mistakes, mistake].slice(-KEPT_MISTAKES);
  };
  setHandler(pause, () => {
    state.paused = true;
  });
  setHandler(resume, () => {
    state.paused = false;
    pollNow = true;
  });
  setHandler(fileArrived, () => {
    pollNow = true;
  });
  setHandler(backfill, (request) => {
    const mistake = mistakeInBackfill(request);
    if (mistake === undefined) state.backfills.push(request);
    else mistaken(`backfill ${JSON.stringify(request)}: ${mistake}`);
  });
  setHandler(fileSettled, (message) => {
    const filename = textField(message, 'filename');
    state.inFlight = state.inFlight.filter((file) => file.filename !== filename);
  });
  setHandler(status, () => ({
    source,
    paused: state.paused,
    lastPollAtMs: state.lastPollAtMs,
    nextPollAtMs: state.paused ? null : nextPollAtMs,
    problem: state.problem,
    inFlight: state.inFlight.map(({ filename }) => filename),
    waiting: state.waiting.length,
    mistakes: state.mistakes,
  }));

  const enqueue = (changed: readonly ChangedFile[], fromLake: boolean): void => {
    for (const file of changed) {
      const waits = state.waiting.findIndex(({ filename }) => filename === file.filename);
      if (waits >= 0) state.waiting[waits] = { ...file, fromLake };
      else state.waiting.push({ ...file, fromLake });
    }
  };

  /** Looks at the source, page after page. */
  const look = async (request?: BackfillRequest): Promise<void> => {
    const inFlight = () => state.inFlight.map(({ filename, version }) => ({ filename, version }));
    try {
      const found = await listActivities.listChanges({
        source,
        inFlight: [...inFlight(), ...state.waiting.map(({ filename, version }) => ({ filename, version }))],
        ...(request === undefined ? {} : { months: request, force: request.force === true }),
      });
      enqueue(found.changed, request?.force === true);
      state.pollEveryMs = found.pollEveryMs;
      state.problem = null;
      pollNow ||= found.more && request === undefined;
      if (found.more && request !== undefined) state.backfills.push(request);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      state.problem = error.cause?.message ?? error.message;
      if (request !== undefined) mistaken(`backfill ${request.from} to ${request.to}: ${state.problem}`);
    }
    state.lastPollAtMs = Date.now();
  };

  const start = async ({
    filename,
    version,
    hint,
    fromLake,
  }: ChangedFile & { fromLake: boolean }): Promise<void> => {
    const workflowId = ingestId(source, filename);
    const running = state.inFlight.find((file) => file.filename === filename);
    if (running === undefined) {
      try {
        await startChild(ingestFile, {
          workflowId,
          args: [{ source, filename, hint, fromLake }],
          parentClosePolicy: ParentClosePolicy.ABANDON,
        });
        state.inFlight.push({ filename, version, sinceMs: Date.now() });
        return;
      } catch (error) {
        // From a watcher before this one: it is told, and looked after like our own.
        if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
        state.inFlight.push({ filename, version, sinceMs: Date.now() });
      }
    } else {
      running.version = version;
    }
    try {
      await getExternalWorkflowHandle(workflowId).signal(newVersion, { version });
    } catch {
      // It ended meanwhile: the next poll finds what is left to do.
      state.inFlight = state.inFlight.filter((file) => file.filename !== filename);
    }
  };

  /** Ingestions that were terminated or whose last signal was lost must not hold their places for ever. */
  const lookAfterSilent = async (): Promise<void> => {
    const silent = state.inFlight.filter(({ sinceMs }) => Date.now() - sinceMs > SILENT_MS);
    if (silent.length === 0) return;
    const workflowIds = silent.map(({ filename }) => ingestId(source, filename));
    const ended = new Set(await warehouseActivities.findEnded({ workflowIds }));
    state.inFlight = state.inFlight.filter(({ filename }) => !ended.has(ingestId(source, filename)));
    for (const file of state.inFlight) if (silent.includes(file)) file.sinceMs = Date.now();
  };

  const pollIsDue = (): boolean => !state.paused && pollNow && state.waiting.length < MOST_WAITING;
  const canStart = (): boolean =>
    !state.paused &&
    state.waiting.some(
      ({ filename }) =>
        state.inFlight.length < WINDOW || state.inFlight.some((file) => file.filename === filename),
    );

  while (!workflowInfo().continueAsNewSuggested) {
    const request = state.paused ? undefined : state.backfills.shift();
    if (request !== undefined) {
      await look(request);
    } else if (pollIsDue()) {
      pollNow = false;
      await look();
    }
    let startedSomething = false;
    while (canStart()) {
      const index = state.waiting.findIndex(
        ({ filename }) =>
          state.inFlight.length < WINDOW || state.inFlight.some((file) => file.filename === filename),
      );
      const [file] = state.waiting.splice(index, 1);
      if (file === undefined) break;
      await start(file);
      startedSomething = true;
    }
    if (startedSomething) continue;
    nextPollAtMs = state.paused ? null : Date.now() + state.pollEveryMs;
    const woken = await condition(
      () => pollIsDue() || (!state.paused && state.backfills.length > 0) || canStart(),
      state.paused ? '1 hour' : state.pollEveryMs,
    );
    nextPollAtMs = null;
    if (!woken && !state.paused) {
      await lookAfterSilent();
      pollNow = true;
    }
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof watchSource>({ source, state });
}
