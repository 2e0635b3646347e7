import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGED_SCRIPT } from '../../../src/hook/install/hook-script.ts';
import { refusals } from '../../../src/spool/refusals.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { EDIT_TOOLS, homeSpool, hookCommand, hooksIn, POST_EDIT, recordsIn, runHook, SHELLS } from './shell-hook.ts';

const SILENT = { code: 0, signal: null, output: '' };
const NOBODY = 65_534;

/** Where `nobody` may read the script too. */
function openHome(): { home: string; command: string } {
  const home = scratchFolder();
  chmodSync(home, 0o755);
  const script = join(home, 'claude-hook.sh');
  copyFileSync(PACKAGED_SCRIPT, script);
  return { home, command: hookCommand('PostToolUse', EDIT_TOOLS, script) };
}

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))(
  'read by %s, a hook prints nothing and exits 0',
  (_name, shell) => {
    test('when its script is gone', async () => {
      const command = hookCommand('PreToolUse', 'Bash|NotebookEdit', '/nowhere/ai-tracker/hooks/claude-hook.sh');
      expect(await runHook({ env: { HOME: scratchFolder() }, command, shell })).toEqual(SILENT);
    });

    test('when stdin is closed, which is counted', async () => {
      const home = scratchFolder();
      expect(await runHook({ env: { HOME: home }, input: null, shell })).toEqual(SILENT);
      expect(recordsIn(homeSpool(home))).toEqual([]);
      expect(refusals(homeSpool(home), 'unreadable')).toBe(1);
    });

    test('when HOME is not set, or is no folder', async () => {
      // By another user than root, the fallback home of the password file cannot be written either.
      const { command } = openHome();
      for (const env of [{}, { HOME: '' }, { HOME: '/nowhere' }, { HOME: 'relative' }]) {
        expect(await runHook({ env, command, shell, user: NOBODY, cwd: '/' }), JSON.stringify(env)).toEqual(SILENT);
      }
    });

    test('when the home may not be written', async () => {
      const { home, command } = openHome();
      chmodSync(home, 0o555);
      expect(await runHook({ env: { HOME: home }, command, shell, user: NOBODY })).toEqual(SILENT);
      expect(existsSync(join(home, '.config'))).toBe(false);
    });

    test('when not a byte can be written', async () => {
      const home = scratchFolder();
      const full = `trap '' XFSZ; ulimit -f 0; ${POST_EDIT}`;
      expect(await runHook({ env: { HOME: home }, command: full, shell })).toEqual(SILENT);
      expect(recordsIn(homeSpool(home))).toEqual([]);
    });

    test('when the disk becomes full within the event, which is counted and leaves nothing of it', async () => {
      const home = scratchFolder();
      // Half a kilobyte or one, by shell: the header goes in, the event does not.
      const small = `trap '' XFSZ; ulimit -f 2; ${POST_EDIT}`;
      expect(await runHook({ env: { HOME: home }, command: small, input: 'x'.repeat(100_000), shell })).toEqual(SILENT);
      expect(readdirSync(homeSpool(home))).toEqual(['.refused']);
      expect(refusals(homeSpool(home), 'refused')).toBe(1);
    });

    test('when it is disabled, and does nothing', async () => {
      for (const flag of ['1', 'true', 'YES', 'On']) {
        const home = scratchFolder();
        expect(await runHook({ env: { HOME: home, AI_TRACKER_DISABLED: flag }, shell })).toEqual(SILENT);
        expect(readdirSync(home), flag).toEqual([]);
      }
      const home = scratchFolder();
      await runHook({ env: { HOME: home, AI_TRACKER_DISABLED: '0' }, shell });
      expect(recordsIn(homeSpool(home))).toHaveLength(1);
    });
  },
);

describe('a spool that holds as much as it may', () => {
  test('refuses events, and each is counted; a folder that is not full takes them instead', async () => {
    const home = scratchFolder();
    const spool = join(home, 'd', '.spool');
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, 'x.json'), 'x'.repeat(300_000));
    writeFileSync(join(spool, '.full'), '');
    const env = { HOME: home, AI_TRACKER_SPOOL_MAX_MB: '0.2' };
    expect(await runHook({ env: { ...env, AI_TRACKER_SPOOL_DIR: spool } })).toEqual(SILENT);
    expect(await runHook({ env: { ...env, AI_TRACKER_SPOOL_DIR: spool } })).toEqual(SILENT);
    expect(recordsIn(spool)).toEqual([]);
    expect(refusals(spool, 'refused')).toBe(2);

    await runHook({ env: { ...env, AI_TRACKER_SHARED_DIR: join(home, 'd') } });
    expect(recordsIn(homeSpool(home))).toHaveLength(1);
    expect(refusals(spool, 'refused')).toBe(2);
  });

  /** Runs hooks until the marker is there, or has gone: it is looked after by about one of sixteen. */
  async function until(spool: string, marked: boolean, env: NodeJS.ProcessEnv): Promise<void> {
    for (let i = 0; i < 600 && existsSync(join(spool, '.full')) !== marked; i++) await runHook({ env });
    expect(existsSync(join(spool, '.full'))).toBe(marked);
  }

  test('is noticed by hooks themselves, and also that it has become smaller', async () => {
    const home = scratchFolder();
    const spool = join(home, 'spool');
    mkdirSync(spool);
    writeFileSync(join(spool, 'x.json'), 'x'.repeat(300_000));
    const env = { HOME: home, AI_TRACKER_SPOOL_DIR: spool, AI_TRACKER_SPOOL_MAX_MB: '0.2' };
    await until(spool, true, env);
    await until(spool, false, { ...env, AI_TRACKER_SPOOL_MAX_MB: '64' });
  });

  test.each(['512', '', 'much', '-1', '1e9', '999999999999'])(
    'AI_TRACKER_SPOOL_MAX_MB=%s lets a small spool go on',
    async (limit) => {
      const home = scratchFolder();
      for (let i = 0; i < 40; i++) await runHook({ env: { HOME: home, AI_TRACKER_SPOOL_MAX_MB: limit } });
      expect(recordsIn(homeSpool(home))).toHaveLength(40);
    },
  );
});

test('an event of 20 MB is spooled whole', async () => {
  const home = scratchFolder();
  const payload = JSON.stringify({ text: 'é\n'.repeat(5_000_000) });
  expect(await runHook({ env: { HOME: home }, input: payload })).toEqual(SILENT);
  const [hook] = hooksIn(homeSpool(home));
  expect(hook?.payload === payload).toBe(true);
});
