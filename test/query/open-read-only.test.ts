import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openReadOnly } from '../../src/index.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const RELEASED = fileURLToPath(new URL('../fixtures/files/v0.1.0.db', import.meta.url));
const BUILT = new URL('../../dist/index.js', import.meta.url);

test('openReadOnly answers typed queries and lets nobody write', async () => {
  const path = join(scratchFolder(), 'w.db');
  copyFileSync(RELEASED, path);
  const db = await openReadOnly(path);
  const tasks = await db.selectFrom('task_executions').select(['id', 'status']).execute();
  expect(tasks.length).toBeGreaterThan(0);
  await expect(db.deleteFrom('task_executions').execute()).rejects.toThrow(/readonly/);
  expect(await db.selectFrom('task_executions').select(['id', 'status']).execute()).toEqual(tasks);
  await db.destroy();
});

test('openReadOnly says of a file that is missing, or of another program, which it is', async () => {
  const folder = scratchFolder();
  await expect(openReadOnly(join(folder, 'none.db'))).rejects.toThrow(/none\.db/);
  const other = join(folder, 'other.db');
  writeFileSync(other, 'not a database, but long enough to have a header'.repeat(50));
  await expect(openReadOnly(other)).rejects.toMatchObject({ name: 'StoreError', code: 'not-ours' });
});

const oldNode = [process.env['OLD_NODE'], '/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  if (path === undefined || !existsSync(path)) return false;
  return Number.parseInt(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout, 10) < 22;
});

test.runIf(oldNode !== undefined && existsSync(BUILT))(
  'openReadOnly rejects on a Node that is too old, and the process lives on',
  () => {
    const program = `import { openReadOnly } from ${JSON.stringify(BUILT.href)};
    await openReadOnly(${JSON.stringify(RELEASED)}).catch((error) => console.log(error.message));`;
    const run = spawnSync(oldNode as string, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect([run.status, run.signal]).toEqual([0, null]);
    expect(run.stdout).toMatch(/needs Node 22 or later/);
  },
);
