/** `npm run test:python`: the environment, then the tests. Exits 0 with one line where the machine cannot run them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { preparePython } from './environment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const prepared = await preparePython();
if (prepared.outcome === 'skipped') {
  console.log(`skipped: ${prepared.reason}`);
} else if (prepared.outcome === 'failed') {
  console.error(prepared.reason);
  process.exitCode = 1;
} else {
  const args = ['run', '--config', 'test/python/vitest.config.ts', ...process.argv.slice(2)];
  process.exitCode = spawnSync('node_modules/.bin/vitest', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
