import { existsSync, mkdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readGitHook } from '../../hook/git-hook.ts';
import { gitScriptPath } from '../../hook/install/hook-script.ts';
import { writeWhole } from '../../hook/install/write-whole.ts';
import { readGitUndoRecord } from '../../hook/install-git/git-undo-record.ts';
import { ownHook } from '../../hook/install-git/hook-text.ts';
import { readRecordFile } from '../../spool/read-record.ts';
import { recordNames } from '../../spool/write-record.ts';
import { homeFolder } from '../../store/folders.ts';
import type { Bench, Door, DoorOutcome } from './door.ts';
import { type HookRun, runHook } from './run-hook.ts';
import { markSpool } from './spooled-event.ts';

/** The script that the hooks of git run, by a real commit in a repository of the test's own. */
export const gitDoor: Door = {
  name: 'git',
  async try(bench): Promise<DoorOutcome> {
    const config = homeFolder(bench.env);
    const script = gitScriptPath(config);
    if (readGitUndoRecord(config).repositories.length === 0)
      return { status: 'skipped', message: 'hooks of git are installed in no repository' };
    if (!existsSync(script)) return failed(`${script}, which they run, is not there`);
    const top = join(bench.scratch, 'repository');
    mkdirSync(top);
    const mark = markSpool(bench);
    const commit = await commitIn(top, bench, script);
    if (commit.code !== 0 || commit.output !== '')
      return failed(`a commit ended with ${commit.code}: ${commit.output.trim().slice(0, 200)}`);
    for (const folder of mark.folders) {
      for (const name of recordNames(folder)) if (!mark.names.has(name) && takeOwn(folder, name, top)) return FINE;
    }
    return failed(`nothing came of a commit into ${mark.folders.join(' or ')}`);
  },
};

const FINE: DoorOutcome = { status: 'ok', message: 'The hook of git: a commit is told' };
const failed = (why: string): DoorOutcome => ({
  status: 'failed',
  message: `The hooks of git: ${why}`,
  command: 'ai-tracker install --git',
});

/** Looks whether a record is of that repository, and takes it away: nobody is to attribute that commit. */
function takeOwn(folder: string, name: string, top: string): boolean {
  try {
    const reading = readRecordFile(folder, name);
    if (reading.what !== 'record' || reading.record.kind !== 'hook' || reading.record.source !== 'git') return false;
    const told = readGitHook(reading.record);
    if (told.what === 'ignored' || told.event.place.cwd !== top) return false;
    unlinkSync(join(folder, name));
    return true;
  } catch {
    // Drained by another.
    return false;
  }
}

/** As git would, with nobody's settings; the hook is one of its own, so that no other is tried. */
async function commitIn(top: string, { env, deadline }: Bench, script: string): Promise<HookRun> {
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const ours: NodeJS.ProcessEnv = { ...clean, PWD: top, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' };
  const made = await runHook('git', ['init', '-q', '--template=', '.'], { env: ours, cwd: top }, '', deadline.stepMs());
  if (made.code !== 0) return made;
  mkdirSync(join(top, '.git/hooks'), { recursive: true });
  writeWhole(join(top, '.git/hooks/post-commit'), Buffer.from(ownHook('post-commit', script)), 0o755);
  const named = ['-c', 'user.name=selftest', '-c', 'user.email=selftest@localhost', '-c', 'commit.gpgSign=false'];
  return runHook(
    'git',
    [...named, 'commit', '-q', '--allow-empty', '-m', 'selftest'],
    { env: ours, cwd: top },
    '',
    deadline.stepMs(),
  );
}
