import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const historiesFolder = join(import.meta.dirname, 'histories');

/** As `temporal workflow show` gives it; of its events, what is read here. */
export interface History {
  events: { workflowExecutionStartedEventAttributes?: { workflowType: { name: string } } }[];
}

/** Every committed history; `name` is its path below `histories/`, without `.json`. */
export function readHistories(): { name: string; history: History }[] {
  return readdirSync(historiesFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .toSorted()
    .map((path) => ({
      name: path.slice(0, -'.json'.length),
      history: JSON.parse(readFileSync(join(historiesFolder, path), 'utf8')) as History,
    }));
}
