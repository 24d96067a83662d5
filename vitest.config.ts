import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite prefers a package's ES modules and Node, from other packages, does not: graphql refuses to be there twice.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['**/*.test.ts'],
    // Three workers against an origin that does everything origins do take minutes: `npm run test:hostile`.
    exclude: [
      'node_modules',
      '.data',
      ...(process.env['HOSTILE_TEST'] === undefined ? ['test/hostile/**'] : []),
    ],
    // Integration and end-to-end tests start real servers: two at a time on two cores.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
