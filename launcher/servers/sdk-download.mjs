import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Lets Temporal's SDK download the CLI, which it does when it starts a dev server of its own; that server is ended at once.
 * @returns path of the executable in `folder`, or undefined when the SDK or its download site is out of reach
 */
export async function downloadBySdk({ folder }) {
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const server = { executable: { type: 'cached-download', downloadDir: folder } };
    const environment = await TestWorkflowEnvironment.createLocal({ server });
    await environment.teardown();
  } catch {
    return undefined;
  }
  const file = readdirSync(folder).find(
    (name) => name.startsWith('temporal') && !name.includes('.downloading'),
  );
  return file === undefined ? undefined : join(folder, file);
}
