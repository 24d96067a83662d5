/** Everything that the worker registers. */
export { ingestFile } from './ingest-file.ts';
export { originGovernor } from './origin-governor.ts';
export { publisher } from './publisher.ts';
export { reconcile } from './reconcile.ts';
export { reloadFile } from './reload-file.ts';
export { sweep } from './sweep.ts';
export { watchSource } from './watch-source.ts';
