/** Everything that the worker registers. */
export { ingestFile } from './ingest-file.ts';
export { originGovernor } from './origin-governor.ts';
export { publisher } from './publisher.ts';
export { sweep } from './sweep.ts';
export { watchSource } from './watch-source.ts';
