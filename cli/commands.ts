/** What each command asks of the gateway, and how the answer reads. */
import {
  backfillOutcomes,
  outcomeLine,
  outcomesInShort,
  type FileOutcome,
  type FileState,
} from './backfill-outcome.ts';
import type { Command } from './command-line.ts';
import { followBackfill, type Backfill } from './follow-backfill.ts';
import type { Ask } from './gateway-client.ts';
import type { Output } from './output.ts';
import type { Painter } from './progress-bars.ts';
import { table } from './table.ts';

interface Means {
  ask: Ask;
  output: Output;
  painter: Painter;
}
type Doing<Name extends Command['name']> = (
  command: Extract<Command, { name: Name }>,
  means: Means,
) => Promise<void>;

const number = new Intl.NumberFormat('en-US');

export async function runCommand(command: Exclude<Command, { name: 'help' }>, means: Means): Promise<void> {
  switch (command.name) {
    case 'status':
      return showStatus(means);
    case 'pause':
    case 'resume':
      return pauseOrResume(command, means);
    case 'backfill':
      return backfill(command, means);
    case 'files':
      return listFiles(command, means);
    case 'retry':
      return retry(command, means);
    case 'rollback':
      return rollback(command, means);
    case 'withdraw':
      return withdraw(command, means);
    case 'accept':
      return accept(command, means);
    case 'limits':
      return setLimits(command, means);
    case 'p90':
      return p90(command, means);
  }
}

interface Source {
  name: string;
  url: string;
  generated: boolean;
  paused: boolean | null;
  lastPoll: string | null;
  nextPoll: string | null;
  problem: string | null;
  mistakes: string[];
  backfills: Backfill[];
  files: { stage: string; count: number }[];
  gone: number;
  ignored: { reason: string; files: number; example: string }[];
}

async function showStatus({ ask, output }: Means): Promise<void> {
  const { source } = await ask<{ source: Source }>('status');
  output.result(source, () => statusLines(source));
}

function statusLines(source: Source): string[] {
  const state = source.paused === null ? 'unknown' : source.paused ? 'paused' : 'watching';
  const counts = source.files.filter(({ count }) => count > 0);
  return table([
    ['source', `${source.name} at ${source.url}${source.generated ? ' (generated trips, not real)' : ''}`],
    ['state', state],
    ['last poll', source.lastPoll ?? 'none yet'],
    ['next poll', source.nextPoll ?? '-'],
    [
      'files',
      counts.map(({ stage, count }) => `${number.format(count)} ${stage.toLowerCase()}`).join(', ') ||
        'none yet: the source has shown no file, and answers say that they are loading',
    ],
    ...(source.gone === 0
      ? []
      : [['gone', `${number.format(source.gone)} that the source does not show any more`]]),
    ...source.ignored.map(({ reason, files, example }) => [
      'ignored',
      `${number.format(files)} as ${example}: ${reason}`,
    ]),
    ...source.backfills.map((each) => ['backfill', backfillLine(each)]),
    ...(source.problem === null ? [] : [['problem', source.problem]]),
    ...source.mistakes.map((mistake) => ['mistake', mistake]),
  ]);
}

function backfillLine({ from, to, force, found, remaining, looked }: Backfill): string {
  const what = `${from} to ${to}${force ? ', forced' : ''}`;
  if (!looked && found === 0) return `${what}: not looked at yet`;
  return `${what}: ${found - remaining} of ${found} files done${looked ? '' : ', still looking'}`;
}

const pauseOrResume = async (
  { name }: { name: 'pause' | 'resume' },
  { ask, output }: Means,
): Promise<void> => {
  const { answer } = await ask<{ answer: { source: { paused: boolean | null } } }>(name);
  output.result(answer, () => [
    name === 'pause'
      ? 'Paused: no new polls and no new ingestions until resume.'
      : 'Going on, with a poll now.',
  ]);
};

const backfill: Doing<'backfill'> = async ({ from, to, force, wait }, { ask, output, painter }) => {
  const before = wait ? await readFiles(ask, undefined) : [];
  const { answer } = await ask<{ answer: { id: string } }>('backfill', { from, to, force });
  if (!wait) return output.result(answer, () => [`Asked for; its id is ${answer.id}.`]);
  const state = await followBackfill({ ask, id: answer.id, painter });
  const after = await readFiles(ask, undefined);
  const files = backfillOutcomes({ from, to }, before, after);
  // As scripts knew it before `files` was there.
  const quarantined = after.filter(
    ({ stage, month }) => stage === 'QUARANTINED' && month !== null && month >= from && month <= to,
  );
  output.result({ ...state, files, quarantined }, () => [
    backfillResult(state, files),
    ...files.map(outcomeLine),
  ]);
};

function backfillResult(
  { found, remaining, looked, paused, force }: Backfill & { paused: boolean },
  files: readonly FileOutcome[],
): string {
  if (!looked || remaining > 0) {
    return paused
      ? 'The watcher is paused: the backfill goes on after npm run tripline -- resume.'
      : 'Not done yet.';
  }
  if (found > 0) {
    const tried = `${number.format(found)} ${found === 1 ? 'file was' : 'files were'} tried`;
    return `Done: ${tried}: ${outcomesInShort(files) || 'nothing has changed'}.`;
  }
  return force
    ? 'Nothing to do: there are no files of these months, or they are held back or being ingested.'
    : 'Nothing to do: every file of these months is live as it is (--force loads them anew).';
}

interface FileNode extends FileState {
  gone: string | null;
  rows: number | null;
}

/** All of them, page after page. */
async function readFiles(ask: Ask, stage: string | undefined): Promise<FileNode[]> {
  const all: FileNode[] = [];
  for (let after: string | null = null; ;) {
    const {
      files,
    }: { files: { nodes: FileNode[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } =
      await ask('files', { stage: stage ?? null, after });
    all.push(...files.nodes);
    if (!files.pageInfo.hasNextPage) return all;
    after = files.pageInfo.endCursor;
  }
}

const listFiles: Doing<'files'> = async ({ stage }, { ask, output }) => {
  const files = await readFiles(ask, stage);
  output.result(files, () => {
    if (files.length === 0) return [stage === undefined ? 'No files yet.' : `No files at stage ${stage}.`];
    return table(
      files.map((file) => [
        file.filename,
        file.stage.toLowerCase(),
        file.live === null ? 'not live' : `${number.format(file.live.trips)} trips live`,
        [file.gone === null ? '' : 'gone at the source', file.reason ?? ''].filter(Boolean).join('; '),
      ]),
    ).map((line) => line.trimEnd());
  });
};

const retry: Doing<'retry'> = async ({ filenames }, { ask, output }) => {
  const { answer } = await ask<{
    answer: { retrying: string[]; remaining: number; source: { paused: boolean | null } };
  }>('retry', { filenames: filenames.length === 0 ? null : filenames });
  output.result(answer, () => [
    ...answer.retrying.map((filename) => `again: ${filename}`),
    ...(answer.retrying.length === 0
      ? ['There is nothing to retry: no file is quarantined, or each that is is being ingested already.']
      : []),
    ...(answer.remaining > 0 ? [`${number.format(answer.remaining)} more: ask again.`] : []),
    ...(answer.source.paused === true ? ['The watcher is paused: they wait until resume.'] : []),
  ]);
};

const rollback: Doing<'rollback'> = async ({ filename }, { ask, output }) => {
  const { answer } = await ask<{
    answer: { dataVersion: number; version: string; heldBack: string | null };
  }>('rollback', { filename });
  const { dataVersion, version, heldBack } = answer;
  output.result(answer, () => [
    `${filename} is back at version ${version}, published as ${dataVersion}.`,
    ...(heldBack === null
      ? ['That is an earlier load of the same version; once more goes back further.']
      : [
          `Version ${heldBack} is held back until the source changes, or: npm run tripline -- retry ${filename}`,
        ]),
  ]);
};

const withdraw: Doing<'withdraw'> = async ({ filename }, { ask, output }) => {
  const { answer } = await ask<{ answer: { dataVersion: number; version: string } }>('withdraw', {
    filename,
  });
  const { dataVersion, version } = answer;
  output.result(answer, () => [
    `${filename} is counted no longer, from data version ${dataVersion} on.`,
    `Version ${version} is left out until the source changes, or: npm run tripline -- accept ${filename}`,
  ]);
};

const accept: Doing<'accept'> = async ({ filename }, { ask, output }) => {
  const { answer } = await ask<{
    answer: { version: string; source: { paused: boolean | null } };
  }>('accept', { filename });
  output.result(answer, () => [
    `${filename} is being ingested at version ${answer.version}; it is counted once that is done.`,
    ...(answer.source.paused === true ? ['The watcher is paused: it waits until resume.'] : []),
  ]);
};

const setLimits: Doing<'limits'> = async ({ min, max, host }, { ask, output }) => {
  const { answer } = await ask<{
    answer: { host: string; minConcurrent: number; maxConcurrent: number };
  }>('set-limits', { min: min ?? null, max: max ?? null, host: host ?? null });
  output.result(answer, () => [
    `${answer.host} is asked for ${answer.minConcurrent} to ${answer.maxConcurrent} requests at a time.`,
  ]);
};

const p90: Doing<'p90'> = async ({ from, to, interpolate }, { ask, output }) => {
  const { p90: answer } = await ask<{
    p90: {
      value: number | null;
      trips: number;
      tripsOver: number;
      dataVersion: number;
      dataThrough: string | null;
      loading: boolean;
    };
  }>('p90', { pickup: { from: from ?? null, to: to ?? null }, interpolate });
  const { value, trips, tripsOver, dataVersion, dataThrough, loading } = answer;
  output.result(answer, () => [
    loading
      ? 'Nothing is loaded yet: the first file is not published. npm run tripline -- status tells how far it is.'
      : value === null
        ? 'No trips in this range.'
        : `${value} miles: p90 of ${number.format(trips)} trips, ${number.format(tripsOver)} of them longer`,
    `data version ${dataVersion}, trips through ${dataThrough ?? 'nothing yet'}`,
  ]);
};
