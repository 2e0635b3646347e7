import { defineConfig } from 'vitest/config';

/** Apart from the others: these need what `npm run test:claude` installs. */
export default defineConfig({
  test: {
    include: ['test/claude-code/*.test.ts'],
    setupFiles: ['test/support/clean-environment.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
