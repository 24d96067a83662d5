/**
 * What the code of before left running goes on with the code of now: every committed history replays.
 * (Temporal's SDK reads them from JSON only where its packages share one protobufjs, hence that dependency.)
 */
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import { readHistories } from './histories.ts';

const histories = readHistories();
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/workflows.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });
});

const replay = (history: unknown): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle, replayName: 'replay' }, history);

it.each(histories)('$name', async ({ history }) => {
  await expect(replay(history)).resolves.toBeUndefined();
});

it('would notice workflow code that decides otherwise than before', async () => {
  const [published] = histories.filter(({ name }) => name.endsWith('ingest-file-published'));
  const other: unknown = JSON.parse(
    JSON.stringify(published?.history).replaceAll('"checkFooter"', '"judgeFooter"'),
  );
  await expect(replay(other)).rejects.toThrow(/judgeFooter|checkFooter/);
});
