import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/compat/**', 'test/python/**', 'test/claude-code/**', 'test/git-hooks/**', 'node_modules/**'],
    setupFiles: ['test/support/clean-environment.ts'],
    // Processes, not threads: tests kill, lock and chdir, and a native module is loaded once per process.
    pool: 'forks',
    // Real processes start in many tests; on a busy machine each start can take a second.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
