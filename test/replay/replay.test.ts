/**
 * What the code of before left running goes on with the code of now: every committed history replays.
 * (Temporal's SDK reads them from JSON only where its packages share one protobufjs, hence that dependency.)
 */
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import * as workflows from '../../workflows/workflows.ts';
import { workflowBundle } from '../../worker/workflow-bundle.ts';
import { readHistories } from './histories.ts';

const histories = readHistories();
let code: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  ({ code } = await workflowBundle({ logger: new DefaultLogger('WARN') }));
});

const replay = (history: unknown): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: { code }, replayName: 'replay' }, history);

it.each(histories)('$name', async ({ history }) => {
  await expect(replay(history)).resolves.toBeUndefined();
});

it('is done for every workflow', () => {
  const recorded = histories.map(({ history }) => history.events[0]?.workflowExecutionStartedEventAttributes);
  const types = new Set(recorded.map((started) => started?.workflowType.name));
  expect(types).toEqual(new Set(Object.keys(workflows)));
});

it('would notice workflow code that decides otherwise than before', async () => {
  const [published] = histories.filter(({ name }) => name.endsWith('ingest-file-published'));
  const other: unknown = JSON.parse(
    JSON.stringify(published?.history).replaceAll('"checkFooter"', '"judgeFooter"'),
  );
  await expect(replay(other)).rejects.toThrow(/judgeFooter|checkFooter/);
});
