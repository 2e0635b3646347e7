import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../../../src/model/settings.ts';
import { spoolFolders } from '../../../src/spool/spool-folder.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { recordsIn, runHook, SHELLS } from './shell-hook.ts';

/** `@` stands for a scratch folder, which is also the home and the working directory. */
const CASES: readonly Record<string, string>[] = [
  {},
  { AI_TRACKER_SPOOL_DIR: '@/my spool' },
  { AI_TRACKER_SPOOL_DIR: 'relative' },
  { AI_TRACKER_SPOOL_DIR: '@/s', AI_TRACKER_DB_PATH: '@/d/x.db' },
  { AI_TRACKER_DB_PATH: '@/d/x.db' },
  { AI_TRACKER_DB_PATH: 'x.db' },
  { AI_TRACKER_DB_PATH: './d//x.db' },
  { AI_TRACKER_DB_PATH: '@/d/x.db/' },
  { AI_TRACKER_DB_PATH: '@/d/{agent_id}.db' },
  { AI_TRACKER_DB_PATH: '@/d/{agent_id}/x.db' },
  { AI_TRACKER_DB_PATH: '@/d/pre-{agent_id}/{agent_id}.db' },
  { AI_TRACKER_DB_PATH: '{agent_id}.db' },
  { AI_TRACKER_DB_PATH: '@/d/x.db', AI_TRACKER_SHARED_DIR: '@/shared' },
  { AI_TRACKER_SHARED_DIR: '@/shared' },
  { AI_TRACKER_SHARED_DIR: '@/shared/' },
  { AI_TRACKER_SHARED_DIR: '', AI_TRACKER_DB_PATH: '', AI_TRACKER_SPOOL_DIR: '' },
];

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('read by %s, the script', (_name, shell) => {
  test.each(CASES.map((variables) => [JSON.stringify(variables), variables] as const))(
    'chooses the folder that the package chooses: %s',
    async (_text, variables) => {
      const home = scratchFolder();
      const env = { HOME: home, ...Object.fromEntries(Object.entries(variables).map(([k, v]) => [k, v.replaceAll('@', home)])) };
      await runHook({ env, shell, cwd: home });
      const here = process.cwd();
      process.chdir(home);
      const { candidates } = spoolFolders(resolveSettings({}, env).settings, env);
      process.chdir(here);
      expect(recordsIn(candidates[0] ?? '')).toHaveLength(1);
    },
  );
});

test('where the database’s neighbour cannot be made, the home takes the record', async () => {
  const home = scratchFolder();
  writeFileSync(join(home, 'file'), '');
  const env = { HOME: home, AI_TRACKER_DB_PATH: join(home, 'file', 'x.db') };
  expect(await runHook({ env })).toEqual({ code: 0, signal: null, output: '' });
  expect(recordsIn(join(home, '.config/ai-tracker/spool'))).toHaveLength(1);
});

test('without HOME, the password file tells the home', async () => {
  const probe = await runHook({ env: { AI_TRACKER_DB_PATH: '/dev/null/x.db' }, command: 'eval "echo ~$(id -un)"' });
  const passwordHome = probe.output.trim();
  const folder = scratchFolder();
  mkdirSync(join(folder, 'd'));
  // What is written there would stay: only the choice is looked at, by a shell that shows each command.
  const trace = await runHook({
    env: { AI_TRACKER_DB_PATH: join(folder, 'd/x.db') },
    command:
      `set -- post; . '${join(import.meta.dirname, '../../../src/hook/shell/claude-hook.sh')}'`.replace(
        'set -- post; . ',
        'sed "s/^command exec.*//; s/^ *run_hook .*/find_folders; echo \\"\\$folder2\\"/" ',
      ) + ' | sh',
  });
  expect(existsSync(passwordHome)).toBe(true);
  expect(trace.output.trim()).toBe(`${passwordHome}/.config/ai-tracker/spool`);
});
