import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ToolEvent } from '../../src/hook/hook-event.ts';
import { SnapshotEdits } from '../../src/snapshot/snapshot-edits.ts';
import { refusals } from '../../src/spool/refusals.ts';
import type { SpooledHook } from '../../src/spool/spool-record.ts';
import { SHELLS } from '../hook/shell/shell-hook.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { HookedTree, told } from './hooked-tree.ts';

const LINES = 'one\ntwo\nthree\n';

function hookedRepository(files: Readonly<Record<string, string | Uint8Array>> = {}, env: NodeJS.ProcessEnv = {}): HookedTree {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': LINES, 'b.txt': LINES, '.gitignore': 'node_modules/\n', ...files });
  return new HookedTree(top, scratch, env);
}

for (const shell of SHELLS) {
  test(`what a command created, changed, moved and deleted is told with its lines (${shell.join(' ')})`, async () => {
    const tree = hookedRepository({ 'dir/c.txt': 'to be moved\n', 'd.txt': 'gone\n' });
    tree.shell = shell;
    await tree.call({ id: 'c1' }, () => {
      appendFileSync(join(tree.top, 'a.txt'), 'four\n');
      writeFiles(tree.top, { 'new/é ü.txt': 'x\ny', 'node_modules/m.js': 'ignored\n' });
      renameSync(join(tree.top, 'dir/c.txt'), join(tree.top, 'e.txt'));
      rmSync(join(tree.top, 'd.txt'));
      writeFileSync(join(tree.top, 'b.txt'), LINES);
    });
    expect(told(tree.drain(), 'c1', tree.top)).toEqual([
      'create new/é ü.txt +2 -0',
      'delete d.txt +0 -1',
      'delete dir/c.txt +0 -1',
      'edit a.txt +1 -0',
      'rename e.txt from dir/c.txt +1 -0',
    ]);
  });
}

test('the repository’s own index, objects and status stay as they were', async () => {
  const tree = hookedRepository();
  writeFiles(tree.top, { 'staged.txt': 's\n', 'a.txt': 'half\n' });
  git(tree.top, 'add', 'staged.txt');
  writeFiles(tree.top, { 'staged.txt': 's\nand more\n', 'untracked.txt': 'u\n' });
  const look = (): unknown => ({
    status: git(tree.top, '--no-optional-locks', 'status', '--porcelain=v2', '-uall'),
    index: readFileSync(join(tree.top, '.git/index')).toString('base64'),
    objects: git(tree.top, 'count-objects', '-v'),
  });
  const before = look();
  await tree.call({ id: 'c1' }, () => writeFiles(tree.top, { 'made.txt': 'm\n' }));
  expect(told(tree.drain(), 'c1', tree.top)).toEqual(['create made.txt +1 -0']);
  rmSync(join(tree.top, 'made.txt'));
  expect(look()).toEqual(before);
});

test('what a person changed between two commands is nobody’s edit, in files that were changed before too', async () => {
  const tree = hookedRepository();
  await tree.call({ id: 'c1' }, () => appendFileSync(join(tree.top, 'a.txt'), 'by the agent\n'));
  appendFileSync(join(tree.top, 'a.txt'), 'by a person\nand again\n');
  await tree.call({ id: 'c2' }, () => appendFileSync(join(tree.top, 'a.txt'), 'by the agent\n'));
  await tree.call({ id: 'c3' }, () => {});
  const events = tree.drain();
  expect(told(events, 'c1', tree.top)).toEqual(['edit a.txt +1 -0']);
  expect(told(events, 'c2', tree.top)).toEqual(['edit a.txt +1 -0']);
  expect(told(events, 'c3', tree.top)).toEqual([]);
});

test('events drained in any order, one by one, twice and by others, tell the same', async () => {
  const tree = hookedRepository();
  await tree.call({ id: 'c1' }, () => appendFileSync(join(tree.top, 'a.txt'), 'x\n'));
  const backwards = tree.drain((records) => records.toReversed());
  expect(told(backwards, 'c1', tree.top)).toEqual(['edit a.txt +1 -0']);
  // The end is told with its own time, as if it had come second.
  expect(backwards.filter(({ edits }) => edits.length > 0).map(({ phase }) => phase)).toEqual(['succeeded']);

  await tree.call({ id: 'c2' }, () => appendFileSync(join(tree.top, 'a.txt'), 'y\n'));
  const twice = tree.drain((records) => [...records, ...records, ...records.toReversed()]);
  expect(told(twice, 'c2', tree.top)).toEqual(['edit a.txt +1 -0']);

  await tree.hook('PreToolUse', { id: 'c3' });
  tree.drain();
  appendFileSync(join(tree.top, 'a.txt'), 'z\n');
  await tree.hook('PostToolUse', { id: 'c3' });
  expect(told(tree.drain(), 'c3', tree.top)).toEqual(['edit a.txt +1 -0']);
});

test('a failed command has the edits that it made until then', async () => {
  const tree = hookedRepository();
  await tree.hook('PreToolUse', { id: 'c1' });
  appendFileSync(join(tree.top, 'a.txt'), 'x\n');
  await tree.hook('PostToolUseFailure', { id: 'c1' });
  const events = tree.drain();
  expect(events.at(-1)?.phase).toBe('failed');
  expect(told(events, 'c1', tree.top)).toEqual(['edit a.txt +1 -0']);
});

test('a command has its edits where the clock is set back while it runs, and where it is too coarse for it; so have those after it', async () => {
  for (const [id, stepMs] of [
    ['back', -3_600_000],
    ['coarse', 0],
  ] as const) {
    const tree = hookedRepository();
    await tree.hook('PreToolUse', { id });
    writeFileSync(join(tree.top, 'made.txt'), 'one\n');
    await tree.hook('PostToolUse', { id });
    await tree.call({ id: 'next' }, () => appendFileSync(join(tree.top, 'made.txt'), 'two\n'));
    const events = tree.drain(([before, after, ...next]) => {
      if (before === undefined || after === undefined) throw new Error('two records of the command');
      const set = { ...after, receivedMs: before.receivedMs + stepMs };
      const records = [before, set, ...next.map((record, i) => ({ ...record, receivedMs: set.receivedMs + 10 * (i + 1) }))];
      return records.map((record) => ({ ...record, hookMs: { fromMs: record.receivedMs, toMs: record.receivedMs } }));
    });
    expect(told(events, id, tree.top)).toEqual(['create made.txt +1 -0']);
    expect(told(events, 'next', tree.top)).toEqual(['edit made.txt +1 -0']);
  }
});

test('of commands beside each other, what changed while one ran alone is its own, the rest goes to the one that ended first, all of it once', async () => {
  const tree = hookedRepository();
  const write = (name: string): void => writeFiles(tree.top, { [name]: 'x\n' });
  await tree.hook('PreToolUse', { id: 'long' });
  write('long-alone.txt');
  await tree.hook('PreToolUse', { id: 'short', session: 's-2' });
  write('both.txt');
  await tree.hook('PostToolUse', { id: 'short', session: 's-2' });
  write('long-again.txt');
  await tree.hook('PreToolUse', { id: 'denied' });
  write('beside-a-denied-one.txt');
  await tree.hook('PostToolUse', { id: 'long' });
  const events = tree.drain();
  expect(told(events, 'short', tree.top)).toEqual(['create both.txt +1 -0']);
  expect(matches(events, 'short')).toEqual(['inferred']);
  // Whether the third one runs is not known: it may wait for a person.
  expect(told(events, 'long', tree.top)).toEqual([]);
  const later = tree.drain(undefined, undefined, Date.now() + 11 * 60_000);
  expect(told(later, 'long', tree.top)).toEqual([
    'create beside-a-denied-one.txt +1 -0',
    'create long-again.txt +1 -0',
    'create long-alone.txt +1 -0',
  ]);
  expect(matches(later, 'long')).toEqual(['inferred', 'exact', 'exact']);
});

test('a command that was denied, is listed by its turn or left by its session is waited for no longer; one that never ran changed nothing', async () => {
  for (const how of ['denied', 'listed', 'session'] as const) {
    const tree = hookedRepository();
    await tree.hook('PreToolUse', { id: 'other', session: 's-2' });
    await tree.call({ id: 'c1' }, () => writeFiles(tree.top, { 'made.txt': 'x\n' }));
    const edits = new SnapshotEdits();
    const [first] = tree.drain(undefined, edits);
    expect(told([], 'c1', tree.top)).toEqual([]);
    if (first === undefined) throw new Error('no event');
    const base = { ...first, sessionId: 's-2', timeMs: Date.now() };
    if (how === 'denied') edits.complete({ ...base, toolUseId: 'other', phase: 'denied' }, null);
    const calls = [{ toolUseId: 'other', toolName: 'Bash', isToolUseError: false }];
    if (how === 'listed') edits.end({ ...base, what: 'batch', calls });
    if (how === 'session') edits.end({ ...base, what: 'session', phase: 'ended' });
    const events = tree.drain(undefined, edits);
    expect(told(events, 'c1', tree.top)).toEqual(['create made.txt +1 -0']);
    expect(matches(events, 'c1')).toEqual([how === 'session' ? 'inferred' : 'exact']);
  }
});

test('a file that a state of a parallel command missed, since its hook looked earlier than it was done, is not deleted and made again', async () => {
  for (const late of ['PreToolUse', 'PostToolUse'] as const) {
    const tree = hookedRepository();
    for (const id of late === 'PreToolUse' ? ['d', 'a', 'b'] : ['d', 'b', 'a']) await tree.hook('PreToolUse', { id });
    if (late === 'PostToolUse') await tree.hook(late, { id: 'b' });
    writeFiles(tree.top, { 'made.txt': LINES });
    await tree.hook('PostToolUse', { id: 'a' });
    if (late === 'PreToolUse') await tree.hook('PostToolUse', { id: 'b' });
    await tree.hook('PostToolUse', { id: 'd' });
    const events = tree.drain((records) => {
      // Of b, the hook that looked before the file was there is done after that of a's end.
      const [missed, a] = late === 'PreToolUse' ? [2, 3] : [3, 4];
      const set = records.map((record, i): SpooledHook => {
        const beganMs = 1e12 + i * 100;
        const receivedMs = i === missed ? 1e12 + a * 100 + 15 : beganMs + 10;
        return { ...record, receivedMs, hookMs: { fromMs: beganMs, toMs: receivedMs + 10 } };
      });
      return set.toSorted((one, other) => one.receivedMs - other.receivedMs);
    });
    expect(told(events, 'a', tree.top)).toEqual(['create made.txt +3 -0']);
    expect(told(events, 'b', tree.top)).toEqual([]);
    expect(told(events, 'd', tree.top)).toEqual([]);
  }
});

test('a file that grew while hooks looked at it has grown step by step: no line is told twice', async () => {
  const tree = hookedRepository();
  for (const id of ['a', 'b', 'c', 'd']) await tree.hook('PreToolUse', { id });
  writeFiles(tree.top, { 'made.txt': 'one\n' });
  for (const id of ['a', 'b']) await tree.hook('PostToolUse', { id });
  writeFiles(tree.top, { 'made.txt': 'one\ntwo\n' });
  for (const id of ['c', 'd']) await tree.hook('PostToolUse', { id });
  // That of c began beside a's, and met the file behind b's.
  const looked = [...[0, 20, 40, 60].map((fromMs) => [fromMs, fromMs + 10]), [100, 120], [130, 150], [110, 160], [200, 210]];
  const events = tree.drain((records) =>
    records.map((record, i): SpooledHook => {
      const [fromMs = 0, toMs = 0] = (looked[i] ?? []).map((ms) => 1e12 + ms);
      return { ...record, receivedMs: toMs, hookMs: { fromMs, toMs } };
    }),
  );
  expect(told(events, 'a', tree.top)).toEqual(['create made.txt +1 -0']);
  for (const id of ['b', 'c']) expect(told(events, id, tree.top)).toEqual([]);
  expect(told(events, 'd', tree.top)).toEqual(['edit made.txt +1 -0']);
});

test('what one command made and the next deleted is told of both, beside a third', async () => {
  const tree = hookedRepository();
  await tree.hook('PreToolUse', { id: 'd' });
  await tree.call({ id: 'a' }, () => writeFiles(tree.top, { 'made.txt': LINES }));
  await tree.call({ id: 'b' }, () => rmSync(join(tree.top, 'made.txt')));
  await tree.hook('PostToolUse', { id: 'd' });
  const events = tree.drain();
  expect(told(events, 'a', tree.top)).toEqual(['create made.txt +3 -0']);
  expect(told(events, 'b', tree.top)).toEqual(['delete made.txt +0 -3']);
  expect(told(events, 'd', tree.top)).toEqual([]);
});

test('of commands beside each other, drained in either order, the rows are the same', async () => {
  for (const order of [
    ['long', 'short'],
    ['short', 'long'],
  ]) {
    const tree = hookedRepository();
    await tree.hook('PreToolUse', { id: 'long' });
    await tree.hook('PreToolUse', { id: 'short', session: 's-2' });
    writeFiles(tree.top, { 'both.txt': 'x\n' });
    await tree.hook('PostToolUse', { id: 'short', session: 's-2' });
    await tree.hook('PostToolUse', { id: 'long' });
    const records = tree.records();
    const edits = new SnapshotEdits();
    const events = order.flatMap((id) => {
      tree.records = () => records.filter(({ payload }) => payload.includes(`"tool_use_id":"${id}"`));
      return tree.drain(undefined, edits);
    });
    tree.records = () => [];
    events.push(...tree.drain(undefined, edits));
    expect([told(events, 'long', tree.top), told(events, 'short', tree.top)]).toEqual([[], ['create both.txt +1 -0']]);
  }
});

test('an editing tool that is not done yet is waited for', async () => {
  const tree = hookedRepository();
  const file = join(tree.top, 'a.txt');
  await tree.hook('PreToolUse', { id: 'e1', tool: 'Edit', session: 's-2', input: { file_path: file } });
  await tree.call({ id: 'c1' }, () => writeFiles(tree.top, { 'a.txt': `${LINES}four\n`, 'b.txt': `${LINES}four\n` }));
  const edits = new SnapshotEdits();
  expect(told(tree.drain(undefined, edits), 'c1', tree.top)).toEqual([]);
  const structuredPatch = [{ oldStart: 3, oldLines: 1, newStart: 3, newLines: 2, lines: [' three', '+four'] }];
  const response = { filePath: file, oldString: 'three', newString: 'three\nfour', originalFile: LINES, structuredPatch };
  const e1 = { id: 'e1', tool: 'Edit', session: 's-2', input: { file_path: file }, response, durationMs: 60_000 };
  await tree.hook('PostToolUse', e1);
  expect(told(tree.drain(undefined, edits), 'c1', tree.top)).toEqual(['edit b.txt +1 -0']);
});

test('what an editing tool told of is not told again by a command that ran meanwhile', async () => {
  const tree = hookedRepository();
  const file = join(tree.top, 'a.txt');
  await tree.hook('PreToolUse', { id: 'c1' });
  writeFiles(tree.top, { 'a.txt': `${LINES}four\nfive\n`, 'b.txt': `${LINES}four\n` });
  const structuredPatch = [{ oldStart: 3, oldLines: 1, newStart: 3, newLines: 2, lines: [' three', '+four'] }];
  const response = { filePath: file, oldString: 'three', newString: 'three\nfour', originalFile: LINES, structuredPatch };
  await tree.hook('PostToolUse', { id: 'e1', tool: 'Edit', session: 's-2', input: { file_path: file }, response });
  await tree.hook('PostToolUse', { id: 'c1' });
  const events = tree.drain();
  expect(told(events, 'e1', tree.top)).toEqual(['edit a.txt +1 -0']);
  expect(told(events, 'c1', tree.top)).toEqual(['edit a.txt +1 -0', 'edit b.txt +1 -0']);
});

test('what a command took from a commit that was there is nobody’s edit; what it commits is its own', async () => {
  const tree = hookedRepository();
  git(tree.top, 'checkout', '-qb', 'other');
  writeFiles(tree.top, { 'other.txt': 'o\n'.repeat(50) });
  git(tree.top, 'add', '-A');
  git(tree.top, '-c', 'user.useConfigOnly=false', 'commit', '-qm', 'other', '--date=2020-01-01T00:00:00Z');
  backdate(tree.top);
  git(tree.top, 'checkout', '-q', 'main');
  await tree.call({ id: 'switch' }, () => void git(tree.top, 'checkout', '-q', 'other'));
  await tree.call({ id: 'switch and edit' }, () => {
    git(tree.top, 'checkout', '-q', 'main');
    git(tree.top, 'checkout', '-q', 'other');
    appendFileSync(join(tree.top, 'other.txt'), 'mine\n');
  });
  git(tree.top, 'checkout', '-q', '--', 'other.txt');
  git(tree.top, 'checkout', '-q', 'main');
  await tree.call({ id: 'all at once' }, () => {
    git(tree.top, 'checkout', '-q', 'other');
    writeFiles(tree.top, { 'other.txt': 'o\n'.repeat(49), 'new.txt': 'n\n' });
    git(tree.top, 'add', '-A');
    git(tree.top, 'commit', '-qm', 'mine');
  });
  await tree.call({ id: 'back' }, () => void git(tree.top, 'reset', '-q', '--hard', 'HEAD~1'));
  const events = tree.drain();
  expect(told(events, 'switch', tree.top)).toEqual([]);
  expect(told(events, 'switch and edit', tree.top)).toEqual(['edit other.txt +1 -0']);
  expect(told(events, 'all at once', tree.top)).toEqual(['create new.txt +1 -0', 'edit other.txt +0 -1']);
  expect(told(events, 'back', tree.top)).toEqual([]);
});

/** By path. */
const matches = (events: readonly ToolEvent[], id: string): unknown[] =>
  events
    .filter(({ toolUseId }) => toolUseId === id)
    .flatMap(({ edits }) => edits.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ match }) => match));

/** Commits of the branch as of another day. */
const backdate = (top: string): void => {
  const old = '2020-01-01T00:00:00Z';
  git(top, '-c', 'core.hooksPath=/dev/null', 'rebase', '-q', '--force-rebase', '--committer-date-is-author-date', 'HEAD~1');
  expect(git(top, 'log', '-1', '--format=%cI')).toContain(old.slice(0, 10));
};

test('a work tree of its own and a submodule keep their states apart, in what their repository shares', async () => {
  const scratch = scratchFolder();
  const library = repository(join(scratch, 'library'), { 'l.txt': 'l\n' });
  const top = repository(join(scratch, 'repo'), { 'a.txt': LINES });
  git(top, 'submodule', '--quiet', 'add', library, 'lib');
  git(top, 'commit', '-qm', 'with a library');
  git(top, 'worktree', 'add', '-qb', 'second', join(scratch, 'second tree'));
  const main = new HookedTree(top, scratch);
  const second = new HookedTree(join(scratch, 'second tree'), scratch);
  const submodule = new HookedTree(join(top, 'lib'), scratch);
  for (const tree of [main, second, submodule]) await tree.hook('PreToolUse', { id: tree.top });
  for (const tree of [main, second, submodule]) writeFiles(tree.top, { 'made.txt': 'm\n' });
  for (const tree of [main, second, submodule]) await tree.hook('PostToolUse', { id: tree.top });
  const events = main.drain();
  for (const tree of [main, second, submodule]) expect(told(events, tree.top, tree.top)).toEqual(['create made.txt +1 -0']);
  const stores = ['.git', '.git/modules/lib'].map((folder) => readdirSync(join(top, folder, 'ai-tracker/snapshots')));
  expect(stores[0]?.filter((name) => name.startsWith('last-'))).toEqual(['last-main', 'last-work-second-tree']);
  expect(stores[1]).toContain('last-main');
});

test('a command below the top folder, with variables of a hook of git around it, is seen whole', async () => {
  const tree = hookedRepository(
    { 'deep/er/f.txt': 'f\n' },
    { GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere/index', GIT_WORK_TREE: '/' },
  );
  await tree.hook('PreToolUse', { id: 'c1' }, join(tree.top, 'deep/er'));
  writeFiles(tree.top, { 'top.txt': 't\n' });
  await tree.hook('PostToolUse', { id: 'c1' }, join(tree.top, 'deep/er'));
  expect(told(tree.drain(), 'c1', tree.top)).toEqual(['create top.txt +1 -0']);
});

test('before the first commit and in a SHA-256 repository too', async () => {
  const scratch = scratchFolder();
  for (const format of ['sha1', 'sha256']) {
    const top = join(scratch, format);
    git(scratch, 'init', '-q', `--object-format=${format}`, top);
    const tree = new HookedTree(top, scratch);
    await tree.call({ id: format }, () => writeFiles(top, { 'a.txt': LINES }));
    expect(told(tree.drain(), format, top)).toEqual(['create a.txt +3 -0']);
  }
});

test('without a work tree, without git, and where git refuses or cannot write, the hook is silent and says why by a counter', async () => {
  const scratch = scratchFolder();
  const elsewhere = new HookedTree(scratch, scratch);
  await elsewhere.call({ id: 'c1' }, () => {});
  expect(refusals(elsewhere.spool, 'snapshot_no_git')).toBe(2);
  expect(elsewhere.records().map(({ snapshotError }) => snapshotError)).toEqual(['no_git', 'no_git']);

  const tree = hookedRepository();
  writeFiles(tree.top, { '.git/config': 'this is no configuration' });
  await tree.call({ id: 'c1' }, () => {});
  expect(refusals(tree.spool, 'snapshot_failed')).toBe(2);
  expect(tree.drain().flatMap(({ edits }) => edits)).toEqual([]);

  const blocked = hookedRepository();
  writeFiles(blocked.top, { '.git/ai-tracker': 'a file where a folder should be' });
  await blocked.call({ id: 'c1' }, () => {});
  expect(refusals(blocked.spool, 'snapshot_failed')).toBe(2);
});

test('a held index.lock and a repository without commits inside hold nothing up', async () => {
  const tree = hookedRepository();
  writeFiles(tree.top, { '.git/index.lock': '' });
  git(tree.top, 'init', '-q', 'inner');
  await tree.call({ id: 'c1' }, () => writeFiles(tree.top, { 'made.txt': 'm\n' }));
  expect(told(tree.drain(), 'c1', tree.top)).toEqual(['create made.txt +1 -0']);
});

test('what Claude Code tells of a command holds; the next one, of which it may tell nothing, keeps its states all the same', async () => {
  const tree = hookedRepository();
  const file = join(tree.top, 'a.txt');
  const hunks = [{ oldStart: 1, oldLines: 0, newStart: 1, newLines: 1, lines: ['+x'] }];
  const bashEditDiff = { files: [{ filePath: file, hunks }], moreFiles: 1, changedFiles: [file, join(tree.top, 'b.txt')] };
  await tree.hook('PreToolUse', { id: 'c1' });
  writeFiles(tree.top, { 'a.txt': `x\n${LINES}`, 'b.txt': 'one\n', 'c.txt': 'not told\n' });
  await tree.hook('PostToolUse', { id: 'c1', response: { bashEditDiff } });
  // What Claude Code only names has its lines from the states; what it does not name stays out.
  expect(told(tree.drain(), 'c1', tree.top)).toEqual(['edit a.txt +1 -0', 'edit b.txt +0 -2']);
  await tree.call({ id: 'c2' }, () => writeFiles(tree.top, { 'd.txt': 'd\n' }));
  expect(told(tree.drain(), 'c2', tree.top)).toEqual(['create d.txt +1 -0']);
});

test('which calls are looked at is a setting', async () => {
  const mcp = { id: 'm1', tool: 'mcp__files__write' };
  const kept = async (env: NodeJS.ProcessEnv): Promise<boolean[]> => {
    const tree = hookedRepository({}, env);
    await tree.hook('PreToolUse', { id: 'c1' });
    await tree.hook('PreToolUse', mcp);
    return tree.records().map(({ snapshot }) => snapshot !== null);
  };
  expect(await kept({})).toEqual([true, false]);
  expect(await kept({ AI_TRACKER_SNAPSHOTS: 'all' })).toEqual([true, true]);
  expect(await kept({ AI_TRACKER_SNAPSHOTS: 'off' })).toEqual([false, false]);
});

test('states go once they are drained; old contents go by age, those that the last state needs stay', async () => {
  const tree = hookedRepository();
  const store = join(tree.top, '.git/ai-tracker/snapshots');
  writeFiles(tree.top, { 'untracked.txt': 'u\n' });
  for (const id of ['c1', 'c2', 'c3']) await tree.call({ id }, () => appendFileSync(join(tree.top, 'a.txt'), `${id}\n`));
  const edits = new SnapshotEdits();
  tree.drain(undefined, edits);
  expect(readdirSync(store).filter((name) => name.endsWith('.index'))).toEqual(['base-main.index']);
  const objects = (): string[] =>
    readdirSync(join(store, 'objects'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 30);
  const before = objects().length;
  const later = Date.now() + 60_000;
  edits.tend({ stateMs: 1000, contentMs: 3_600_000 }, false, later);
  expect(objects().length).toBe(before);

  await tree.call({ id: 'c4' }, () => {});
  tree.drain(undefined, edits);
  rmSync(join(store, 'tended'));
  // Everything is older than that, but the last state is not given up before its own time.
  const old = new Date(Date.now() - 7_200_000);
  for (const name of objects()) utimesSync(join(store, 'objects', name), old, old);
  // Once its index is older than git's notion of "just now", the next state is a link to it, and of one tree with it.
  const index = join(store, 'base-main.index');
  utimesSync(index, new Date(Date.now() - 5000), new Date(Date.now() - 5000));
  edits.tend({ stateMs: 1000, contentMs: 3_600_000 }, false, Date.now());
  expect(objects().length).toBeLessThan(before);
  await tree.call({ id: 'c5' }, () => appendFileSync(join(tree.top, 'untracked.txt'), 'more\n'));
  expect(told(tree.drain(undefined, edits), 'c5', tree.top)).toEqual(['edit untracked.txt +1 -0']);
  expect(statSync(store).mode & 0o777).toBe(0o700);
  expect(existsSync(join(store, 'marks-main'))).toBe(true);
});

test('files that are tracked although ignored are seen again where a branch without them was checked out meanwhile', async () => {
  const tree = hookedRepository({ '.gitignore': 'dist/\n' });
  writeFiles(tree.top, { 'dist/a.txt': LINES });
  git(tree.top, 'add', '-f', 'dist/a.txt');
  git(tree.top, 'commit', '-qm', 'forced');
  const edits = new SnapshotEdits();
  await tree.call({ id: 'c1' }, () => {});
  tree.drain(undefined, edits);
  // The drain notes that there are such files.
  edits.tend({ stateMs: 1e9, contentMs: 1e9 }, false);
  git(tree.top, 'checkout', '-q', 'HEAD~1');
  await tree.call({ id: 'c2' }, () => {});
  git(tree.top, 'checkout', '-q', 'main');
  await tree.call({ id: 'c3' }, () => appendFileSync(join(tree.top, 'dist/a.txt'), 'four\n'));
  await tree.call({ id: 'c4' }, () => void git(tree.top, 'checkout', '-qf', 'HEAD~1'));
  const events = tree.drain(undefined, edits);
  expect(['c2', 'c3', 'c4'].map((id) => told(events, id, tree.top))).toEqual([[], ['edit dist/a.txt +1 -0'], []]);
});

test('a required filter that cannot run loses the state that met it, and none after it; one that runs is used', async () => {
  const tree = hookedRepository({ '.gitattributes': '*.bin filter=big\n*.up filter=up\n' });
  git(tree.top, 'config', 'filter.big.clean', 'no-such-program clean %f');
  git(tree.top, 'config', 'filter.big.required', 'true');
  git(tree.top, 'config', 'filter.up.clean', 'tr a-z A-Z');
  git(tree.top, 'config', 'filter.up.required', 'true');
  const edits = new SnapshotEdits();
  await tree.call({ id: 'c1' }, () => writeFiles(tree.top, { 'a.bin': LINES }));
  expect(refusals(tree.spool, 'snapshot_failed')).toBe(1);
  expect(told(tree.drain(undefined, edits), 'c1', tree.top)).toEqual([]);
  expect(edits.tend({ stateMs: 1e9, contentMs: 1e9 }, false)[0]).toContain('git’s filter big cannot run');
  await tree.call({ id: 'c2' }, () => writeFiles(tree.top, { 'b.bin': LINES, 'a.up': 'a\n' }));
  await tree.call({ id: 'c3' }, () => writeFiles(tree.top, { 'a.up': 'A\n' }));
  const events = tree.drain(undefined, edits);
  expect(told(events, 'c2', tree.top)).toEqual(['create a.up +1 -0', 'create b.bin +3 -0']);
  expect(told(events, 'c3', tree.top)).toEqual([]);
  expect(refusals(tree.spool, 'snapshot_failed')).toBe(1);
});
