import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Real TLC files beside the checkout; tests that need them are skipped, visibly, where they are absent. */
export const SHARED_DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
export const hasSharedData = existsSync(SHARED_DATA);
