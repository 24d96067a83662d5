import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { describeSource, queryIdentity, withoutSecrets, type SourceLocation } from '../config/environment.ts';
import { Refusal } from './refusal.ts';

const held = z.object({
  source: z.string(),
  /** Earlier versions wrote the query into the source. */
  query: z.string().optional(),
});
type Held = z.infer<typeof held>;

/**
 * A folder holds the data of one source: `DATA_DIR/source.json` says which.
 * @param rebind the source has moved: what it shows at its new address takes the place of what it showed at the old one, file by file
 * @throws Refusal when it is another one
 */
export function checkHeldSource({
  dataDir,
  source,
  rebind = false,
}: {
  dataDir: string;
  source: SourceLocation;
  rebind?: boolean;
}): void {
  const path = pathIn(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new Refusal(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  const written = parse(text);
  if (written === undefined) throw new Refusal(`${path} does not say which source's data the folder holds`);
  const there = withoutSecrets(written.source);
  const { source: here, query } = heldOf(source);
  const isDemo = there === 'demo:' || here === 'demo:';
  if (rebind && !isDemo) return;
  if (rebind && there !== here)
    throw new Refusal(
      `${dataDir} holds the data of ${there}, not of ${here}: trips of the demo and real ones are kept apart, also with --rebind; set DATA_DIR to another folder`,
    );
  const advice = isDemo
    ? 'set DATA_DIR to another folder, or SOURCE_URL back'
    : 'set DATA_DIR to another folder, or SOURCE_URL back; where the same files have moved, start once with npm start -- --rebind';
  if (there !== here) throw new Refusal(`${dataDir} holds the data of ${there}, not of ${here}: ${advice}`);
  if ((written.query ?? queryIdentity(written.source)) !== query)
    throw new Refusal(`${dataDir} holds the data of ${there} with another query: ${advice}`);
}

export function keepHeldSource({ dataDir, source }: { dataDir: string; source: SourceLocation }): void {
  const path = pathIn(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(heldOf(source))}\n`);
  renameSync(`${path}.new`, path);
}

const heldOf = (source: SourceLocation): Required<Held> => ({
  source: describeSource(source),
  query: 'url' in source ? queryIdentity(source.url) : '',
});

function pathIn(dataDir: string): string {
  return join(dataDir, 'source.json');
}

function parse(text: string): Held | undefined {
  try {
    return held.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
