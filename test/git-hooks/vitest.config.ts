import { defineConfig } from 'vitest/config';

/** Apart from the others: these need what `npm run test:git-hooks` installs. */
export default defineConfig({
  test: {
    include: ['test/git-hooks/*.test.ts'],
    setupFiles: ['test/support/clean-environment.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
