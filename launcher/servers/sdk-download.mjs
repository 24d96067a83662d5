import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TIMES, watchInstallation } from './watch-installation.mjs';

/**
 * Lets Temporal's SDK download the CLI, which it does when it starts a dev server of its own; that server is ended at once.
 * @returns path of the executable in `folder`, or undefined when the SDK or its download site is out of reach
 */
export async function downloadBySdk({ folder, say, times = TIMES }) {
  const watch = watchInstallation({
    ...{ say, times },
    what: 'downloading temporal',
    from: () => "Temporal's download site",
    advice: 'check the network and the proxy (HTTPS_PROXY), or install the Temporal CLI (`temporal` on PATH)',
    progress: () => `${Math.round(bytesIn(folder) / 2 ** 20)} MB`,
  });
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const server = { executable: { type: 'cached-download', downloadDir: folder } };
    const environment = await TestWorkflowEnvironment.createLocal({ server });
    await environment.teardown();
  } catch (error) {
    say(`Temporal's SDK cannot download temporal (${String(error?.message ?? error).slice(0, 300)})`);
    return undefined;
  } finally {
    watch.end();
  }
  const file = readdirSync(folder).find(
    (name) => name.startsWith('temporal') && !name.includes('.downloading'),
  );
  return file === undefined ? undefined : join(folder, file);
}

function bytesIn(folder) {
  return readdirSync(folder)
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
