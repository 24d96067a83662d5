/**
 * `npm run record:histories -- <name>`: runs the real thing on small files, brings every workflow into every state, and keeps the
 * histories in `test/replay/histories/<name>/`. A folder stands for workflows that the code of its day left running: it is
 * never recorded again, and a change of workflow code must replay it (with `patched` where it decides otherwise than before).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historiesFolder } from './histories.ts';
import { createRecorder } from './recorder.ts';
import { continued } from './scenes/continued.ts';
import { everyday } from './scenes/everyday.ts';
import { steered } from './scenes/steered.ts';

const [name] = process.argv.slice(2);
if (name === undefined || !/^[\w-]+$/.test(name)) {
  process.stderr.write('usage: npm run record:histories -- <name>\n');
  process.exit(2);
}
const withRecorder = await createRecorder(join(historiesFolder, name));
for (const scene of [everyday, steered, continued]) {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-record-'));
  try {
    await scene({ folder, withRecorder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
