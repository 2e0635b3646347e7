import { defineConfig } from 'vitest/config';

/** Apart from the others: these need what `npm run test:python` installs. */
export default defineConfig({
  test: {
    include: ['test/python/*.test.ts'],
    setupFiles: ['test/support/clean-environment.ts'],
    pool: 'forks',
    // Each is mostly a Python worker's start; two at once time each other out on two cores.
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
