import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { withoutSecrets } from '../config/environment.ts';
import { Refusal } from './refusal.ts';

const held = z.object({ source: z.string() });

/**
 * A folder holds the data of one source for good: `DATA_DIR/source.json` says which.
 * @param source without secrets, as `describeSource` gives it
 * @throws Refusal when it is another one
 */
export function checkHeldSource({ dataDir, source }: { dataDir: string; source: string }): void {
  const path = pathIn(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new Refusal(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  const written = parse(text)?.source;
  if (written === undefined) throw new Refusal(`${path} does not say which source's data the folder holds`);
  // Earlier versions wrote down queries too.
  const there = withoutSecrets(written);
  if (there !== source) {
    throw new Refusal(
      `${dataDir} holds the data of ${there}, not of ${source}: set DATA_DIR to another folder, or SOURCE_URL back`,
    );
  }
}

export function keepHeldSource({ dataDir, source }: { dataDir: string; source: string }): void {
  const path = pathIn(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify({ source })}\n`);
  renameSync(`${path}.new`, path);
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'source.json');
}

function parse(text: string): z.infer<typeof held> | undefined {
  try {
    return held.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
