/** `npm run build:workflows`: bundles the workflows ahead of the first start. */
import { DefaultLogger } from '@temporalio/worker';
import { workflowBundle } from './workflow-bundle.ts';

const { code, kept } = await workflowBundle({ logger: new DefaultLogger('WARN') });
process.stdout.write(`workflow bundle: ${code.length} bytes, ${kept ? 'there already' : 'built'}\n`);
