import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** What takes many minutes has scripts of its own. */
const EXCLUDED = [
  'node_modules',
  '.data',
  ...(process.env['HOSTILE_TEST'] === undefined ? ['test/hostile/**'] : []),
];

export default defineConfig({
  // Vite prefers a package's ES modules and Node, from other packages, does not: graphql refuses to be there twice.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // Tests of the whole system wait for half of their time: for timeouts, restarts and polls. Three at a time keep two cores busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Beside the code, without servers: `npm run test:unit`.
      {
        extends: true,
        // Files one after the other in the same process: what many of them import is imported once.
        test: { name: 'unit', include: ['**/*.test.ts'], exclude: [...EXCLUDED, 'test'], isolate: false },
      },
      { extends: true, test: { name: 'system', include: ['test/**/*.test.ts'], exclude: EXCLUDED } },
    ],
  },
});
