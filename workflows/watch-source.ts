/** Watches one source for as long as it exists: polls it, and keeps a window of ingestions running. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  patched,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChangedFile } from '../activities/list-activities.ts';
import type { IgnoredFiles } from '../sources/ignored-files.ts';
import { listActivities, warehouseActivities } from './activity-options.ts';
import { backfillProgress, withBackfill, type BackfillEntry } from './backfill-log.ts';
import { mistakeInBackfill } from './backfill-request.ts';
import { BusyFiles } from './busy-files.ts';
import { mistakeInFile, mistakeInFilename, mistakeInRetry } from './control-requests.ts';
import { ingestFile } from './ingest-file.ts';
import { textField } from './message-fields.ts';
import {
  accept,
  backfill,
  fileArrived,
  fileSettled,
  ingestId,
  newVersion,
  pause,
  resume,
  retryQuarantined,
  sourceChanged,
  status,
  type AcceptAnswer,
  type BackfillRequest,
  type RetryAnswer,
} from './messages.ts';
import { recentMistakes, timedMistakes, withMistake, type MistakeLog } from './mistake-log.ts';
import { refuse } from './refuse.ts';
import { takeRollbacks } from './take-rollbacks.ts';
import { takeWithdrawals } from './take-withdrawals.ts';

export interface WatchSourceInput {
  source: string;
  /** Carried over from the run before. */
  state?: WatcherState;
}

interface WatcherState {
  paused: boolean;
  /** Somebody asked for a poll that has not begun. Absent from runs of before there was one. */
  pollNow?: boolean;
  lastPollAtMs: number | null;
  pollEveryMs: number;
  /** The pause of now, where changes at the source are told of. Absent where they are not. */
  restMs?: number;
  problem: string | null;
  inFlight: { filename: string; version: string | null; sinceMs: number; backfill?: string }[];
  waiting: WaitingFile[];
  /** Still to be looked at, page after page: `after` is the last name of the page before. */
  backfills: (BackfillRequest & { after?: string })[];
  mistakes: MistakeLog;
  /** Absent from runs of before there was one. */
  backfillLog?: BackfillEntry[];
  /** Absent before the first poll told of any. */
  ignored?: IgnoredFiles[];
}

interface WaitingFile extends ChangedFile {
  fromLake: boolean;
  /** When it was found. Absent from what older runs carried over. */
  seenAtMs?: number;
  /** Id of the backfill that found it. */
  backfill?: string;
}

/** Ingestions at the same time. */
const WINDOW = 4;
/** Polls wait while more files than this wait for their place: the state that is carried over stays small. */
const MOST_WAITING = 100;
/** An ingestion that has not told of its end for this long is looked after. */
const SILENT_MS = 60_000;
/** Backfills that wait, one after the other: each is carried over. */
const MOST_BACKFILLS = 100;
/** An ingestion that has told of its end is closed within milliseconds. */
const START_AGAIN_MS = 1_000;
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
  // In runs of before, the pages of a backfill did not wait for each other.
  const backfillsWait = patched('backfills-wait');
  // In runs of before, one that was paused for long went on until Temporal took no more signals.
  const continuesWhilePaused = patched('continues-while-paused');
  let pollNow = before === undefined || before.pollNow === true;
  let nextPollAtMs: number | null = null;

  state.mistakes = timedMistakes(state.mistakes, Date.now());
  const mistaken = (text: string): void => {
    state.mistakes = withMistake(state.mistakes, { atMs: Date.now(), text });
    log.warn('a message makes no sense', { mistake: text });
  };
  setHandler(pause, () => {
    state.paused = true;
  });
  setHandler(resume, () => {
    state.paused = false;
    pollNow = true;
  });
  setHandler(fileArrived, (message) => {
    pollNow = true;
    const mistake = mistakeInFilename((message as { filename?: unknown } | null | undefined)?.filename);
    if (mistake !== undefined) mistaken(`fileArrived ${shown(message)}: ${mistake}`);
  });
  setHandler(sourceChanged, () => {
    pollNow = true;
  });
  setHandler(backfill, (request) => {
    const mistake = mistakeInBackfill(request);
    if (mistake !== undefined) return mistaken(`backfill ${shown(request)}: ${mistake}`);
    if (state.backfills.length >= MOST_BACKFILLS)
      return mistaken(
        `backfill ${shown(request)}: ${MOST_BACKFILLS} wait already; ask again when they are done`,
      );
    const { from, to, force } = request;
    const identified = { from, to, ...(force === undefined ? {} : { force }), id: request.id ?? uuid4() };
    state.backfills.push(identified);
    state.backfillLog = withBackfill(state.backfillLog ?? [], identified);
  });
  setHandler(fileSettled, (message) => {
    const filename = textField(message, 'filename');
    state.inFlight = state.inFlight.filter((file) => file.filename !== filename);
  });
  // After the others: signals that came before this run's first step are handed out as handlers are set, and this one takes all.
  setDefaultSignalHandler((name, ...args) => {
    const known = 'pause, resume, backfill and fileArrived';
    mistaken(`${name.slice(0, 100)} ${shown(args[0])}: there is no such signal; there are ${known}`);
  });
  setHandler(status, () => ({
    source,
    paused: state.paused,
    lastPollAtMs: state.lastPollAtMs,
    nextPollAtMs: state.paused ? null : nextPollAtMs,
    problem: state.problem,
    inFlight: state.inFlight.map(({ filename }) => filename),
    waiting: state.waiting.length,
    mistakes: recentMistakes(state.mistakes, Date.now()),
    backfills: backfillProgress(state.backfillLog ?? [], [...state.waiting, ...state.inFlight]),
    ignored: state.ignored ?? [],
  }));

  const enqueue = (
    changed: readonly ChangedFile[],
    how: Pick<WaitingFile, 'fromLake' | 'backfill'>,
  ): void => {
    const seenAtMs = Date.now();
    for (const file of changed) {
      const waits = state.waiting.findIndex(({ filename }) => filename === file.filename);
      if (waits >= 0) state.waiting[waits] = { ...state.waiting[waits], ...file, ...how, seenAtMs };
      else state.waiting.push({ ...file, ...how, seenAtMs });
    }
  };
  /** Waiting or being ingested, and at which version. */
  const underWay = (): { filename: string; version: string | null }[] =>
    [...state.inFlight, ...state.waiting].map(({ filename, version }) => ({ filename, version }));

  /** Logged when it begins, when it becomes another one and when it is over. */
  const tellProblem = (problem: string | null): void => {
    if (problem === state.problem) return;
    if (problem !== null) log.warn('the source has a problem', { problem: problem.slice(0, 300) });
    else log.info('the source has no problem any more');
    state.problem = problem;
  };
  /** Each kind is told once. */
  const tellIgnored = (ignored: IgnoredFiles[]): void => {
    const told = new Set((state.ignored ?? []).map(({ kind }) => kind));
    for (const { kind, ...about } of ignored)
      if (!told.has(kind)) log.warn('the source has files that are not taken', { kind, ...about });
    state.ignored = ignored;
  };
  // What was done to one file may let another one in, which nobody tells of.
  const busy = new BusyFiles(underWay, () => {
    pollNow ||= state.restMs !== undefined;
  });
  const withdrawGone = takeWithdrawals({ source, busy });

  /** Looks at the source, page after page. */
  const look = async (request?: BackfillRequest & { after?: string }): Promise<void> => {
    const entry = state.backfillLog?.find(({ id }) => id === request?.id);
    try {
      const found = await listActivities.listChanges({
        source,
        inFlight: underWay(),
        ...(request === undefined ? {} : { months: request, force: request.force === true }),
        ...(request?.after === undefined ? {} : { after: request.after }),
      });
      enqueue(found.changed, {
        fromLake: request?.force === true,
        ...(entry === undefined ? {} : { backfill: entry.id }),
      });
      state.pollEveryMs = found.pollEveryMs;
      if (found.restMs === undefined) delete state.restMs;
      else state.restMs = found.restMs;
      // Absent in older histories.
      tellProblem(found.problem ?? null);
      tellIgnored(found.ignored ?? []);
      for (const filename of found.withdraw ?? []) await withdrawGone(filename);
      pollNow ||= found.more && request === undefined;
      const after = found.changed.at(-1)?.filename;
      const more = found.more && request !== undefined && after !== undefined;
      if (more) state.backfills.unshift({ ...request, after });
      if (entry !== undefined) {
        entry.found += found.changed.length;
        entry.looked = !more;
      }
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      // What was told of has not been seen.
      delete state.restMs;
      const problem = error.cause?.message ?? error.message;
      tellProblem(problem);
      if (request !== undefined) mistaken(`backfill ${request.from} to ${request.to}: ${problem}`);
      if (entry !== undefined) entry.looked = true;
    }
    state.lastPollAtMs = Date.now();
  };

  setHandler(
    retryQuarantined,
    async (request): Promise<RetryAnswer> => {
      const filenames = request?.filenames ?? undefined;
      const found = await warehouseActivities.findQuarantined({
        source,
        ...(filenames === undefined ? {} : { filenames }),
        except: underWay().map(({ filename }) => filename),
      });
      if ('mistake' in found) throw ApplicationFailure.nonRetryable(found.mistake, found.type);
      const busy = new Set(underWay().map(({ filename }) => filename));
      const retrying = found.files.filter(({ filename }) => !busy.has(filename));
      enqueue(retrying, { fromLake: true });
      // The source may hold a newer version of them, which a poll would find.
      pollNow = true;
      return { retrying: retrying.map(({ filename }) => filename), remaining: found.remaining };
    },
    { validator: (request) => refuse(mistakeInRetry(request)) },
  );

  takeRollbacks({ source, busy });
  setHandler(
    accept,
    ({ filename }): Promise<AcceptAnswer> =>
      busy.during(filename, 'accepted', async () => {
        const found = await warehouseActivities.acceptFile({ source, filename });
        if ('mistake' in found) throw ApplicationFailure.nonRetryable(found.mistake, found.type);
        enqueue([found.file], { fromLake: true });
        return { filename, version: found.file.version ?? '' };
      }),
    { validator: (request) => refuse(mistakeInFile(request)) },
  );

  const start = async (file: WaitingFile): Promise<void> => {
    const { filename, version, hint, fromLake, backfill, seenAtMs } = file;
    const workflowId = ingestId(source, filename);
    const noLongerInFlight = (): void => {
      state.inFlight = state.inFlight.filter((each) => each.filename !== filename);
    };
    const running = state.inFlight.find((each) => each.filename === filename);
    if (running === undefined) {
      const own = backfill === undefined ? {} : { backfill };
      // From now on: whoever asks while it starts must not find it idle.
      state.inFlight.push({ filename, version, sinceMs: Date.now(), ...own });
      try {
        await startChild(ingestFile, {
          workflowId,
          args: [{ source, filename, hint, fromLake, ...(seenAtMs === undefined ? {} : { seenAtMs }) }],
          parentClosePolicy: ParentClosePolicy.ABANDON,
        });
        return;
      } catch (error) {
        // From a watcher before this one, or just about to end: it is told, and looked after like our own.
        if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
        // But no version would tell it to load again what it has just loaded or refused.
        if (fromLake && patched('start-again')) {
          noLongerInFlight();
          state.waiting.push(file);
          await sleep(START_AGAIN_MS);
          return;
        }
      }
    } else {
      running.version = version;
      if (backfill !== undefined) running.backfill = backfill;
    }
    try {
      await getExternalWorkflowHandle(workflowId).signal(newVersion, { version });
    } catch {
      // It ended meanwhile: what is left to do is for a poll to find, except where the version is no news.
      noLongerInFlight();
      if (!patched('start-again')) return;
      if (fromLake) state.waiting.push(file);
      else pollNow = true;
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
  const backfillIsDue = (): boolean =>
    !state.paused && state.backfills.length > 0 && !(backfillsWait && state.waiting.length >= MOST_WAITING);
  const startable = ({ filename }: WaitingFile): boolean =>
    !busy.has(filename) &&
    (state.inFlight.length < WINDOW || state.inFlight.some((file) => file.filename === filename));
  const canStart = (): boolean => !state.paused && state.waiting.some(startable);

  while (!workflowInfo().continueAsNewSuggested) {
    const request = backfillIsDue() ? state.backfills.shift() : undefined;
    if (request !== undefined) {
      await look(request);
    } else if (pollIsDue()) {
      pollNow = false;
      await look();
    }
    let startedSomething = false;
    while (canStart()) {
      const index = state.waiting.findIndex(startable);
      const [file] = state.waiting.splice(index, 1);
      if (file === undefined) break;
      await start(file);
      startedSomething = true;
    }
    if (startedSomething) continue;
    const pauseMs = state.restMs ?? state.pollEveryMs;
    nextPollAtMs = state.paused ? null : Date.now() + pauseMs;
    const woken = await condition(
      () =>
        pollIsDue() ||
        backfillIsDue() ||
        canStart() ||
        (continuesWhilePaused && workflowInfo().continueAsNewSuggested),
      state.paused ? '1 hour' : pauseMs,
    );
    nextPollAtMs = null;
    if (!woken && !state.paused) {
      await lookAfterSilent();
      pollNow = true;
    }
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof watchSource>({ source, state: { ...state, pollNow } });
}

/** A message as a mistake quotes it. */
function shown(message: unknown): string {
  return (JSON.stringify(message) ?? 'nothing').slice(0, 200);
}
