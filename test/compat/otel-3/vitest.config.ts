import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*.test.ts'],
    setupFiles: ['../../support/clean-environment.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
