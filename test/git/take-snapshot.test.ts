import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type GitFolders, gitFolders } from '../../src/git/git-folders.ts';
import { prepareSnapshots } from '../../src/git/prepare-snapshots.ts';
import { snapshotStore } from '../../src/git/snapshot-store.ts';
import { SnapshotTrees } from '../../src/git/snapshot-tree.ts';
import { takeSnapshot } from '../../src/git/take-snapshot.ts';
import { treeChanges } from '../../src/git/tree-changes.ts';
import { refusals } from '../../src/spool/refusals.ts';
import { HookedTree, told } from '../snapshot/hooked-tree.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

function foldersOf(top: string): GitFolders {
  const folders = gitFolders(top);
  if (folders === null) throw new Error(`${top} is no work tree`);
  return folders;
}

function keep(top: string, name: string): string {
  const outcome = takeSnapshot({ top, name });
  if (outcome.status !== 'taken') throw new Error(JSON.stringify(outcome));
  return outcome.index;
}

test('what Node keeps and what the shell keeps are states of one kind, of which nothing is copied where nothing changed', async () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const tree = new HookedTree(top, scratch);
  // As of another second than the index: else git looks at it each time, and notes that it did.
  utimesSync(join(top, 'a.txt'), 1_600_000_000, 1_600_000_000);
  keep(top, 'settled');
  const first = keep(top, 'by-node');
  await tree.hook('PreToolUse', { id: 'c1' });
  const second = tree.records()[0]?.snapshot ?? '';
  expect(statSync(second).ino).toBe(statSync(first).ino);
  appendFileSync(join(top, 'a.txt'), 'b\n');
  const third = keep(top, 'by-node-again');
  const trees = new SnapshotTrees();
  const [one = '', two = '', three = ''] = [first, second, third].map((index) => trees.of(foldersOf(top), index) ?? '');
  expect(two).toBe(one);
  expect(
    treeChanges(foldersOf(top), two, three)?.map(({ path, linesAdded, linesRemoved }) => [path, linesAdded, linesRemoved]),
  ).toEqual([['a.txt', 1, 0]]);
});

test('binary content has no lines, a changed mode is no change, line ends are as git stores them', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), {
    '.gitattributes': '*.txt text eol=crlf\n',
    'crlf.txt': 'a\r\nb\r\n',
    'script.sh': 'echo\n',
    'image.bin': new Uint8Array([0, 1, 2, 10, 3]),
    'tab\tname': 'x\n',
  });
  const before = keep(top, 'before');
  writeFiles(top, { 'crlf.txt': 'a\r\nb\r\nc\r\n', 'image.bin': new Uint8Array([0, 9, 10, 10]), 'tab\tname': 'y' });
  spawnSync('chmod', ['+x', join(top, 'script.sh')]);
  const after = keep(top, 'after');
  const trees = new SnapshotTrees();
  const [one = '', two = ''] = [before, after].map((index) => trees.of(foldersOf(top), index) ?? '');
  expect(
    treeChanges(foldersOf(top), one, two)?.map(({ path, linesAdded, linesRemoved }) => [path, linesAdded, linesRemoved]),
  ).toEqual([
    ['crlf.txt', 1, 0],
    ['image.bin', null, null],
    ['tab\tname', 1, 1],
  ]);
});

test('a file that changes twice within one tick of the clock, to the same size, is seen both times', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': '0000' });
  const trees = new SnapshotTrees();
  const seen = Array.from({ length: 20 }, (_, i) => {
    writeFileSync(join(top, 'a.txt'), String(1000 + i));
    return trees.of(foldersOf(top), keep(top, `state-${i}`));
  });
  expect(new Set(seen).size).toBe(20);
});

test('where it takes too long it is given up, not tried again by hooks, and works again once a drain has prepared for it', async () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const folders = foldersOf(top);
  const store = snapshotStore(folders);
  const tree = new HookedTree(top, scratch);
  // 12 GB to read: sparse, so that no disk is needed, and longer than any machine takes in 2 s.
  writeFileSync(join(top, 'model.bin'), '');
  truncateSync(join(top, 'model.bin'), 12 * 2 ** 30);
  const begun = performance.now();
  await tree.hook('PreToolUse', { id: 'c1' });
  expect(performance.now() - begun).toBeGreaterThan(1900);
  expect(refusals(tree.spool, 'snapshot_timeout')).toBe(1);
  await tree.hook('PostToolUse', { id: 'c1' });
  expect(refusals(tree.spool, 'snapshot_suspended')).toBe(1);
  expect(takeSnapshot({ top, name: 'x' })).toMatchObject({ status: 'missed', miss: 'suspended' });
  expect(tree.drain().map(({ phase, edits }) => [phase, edits])).toEqual([
    ['started', []],
    ['succeeded', []],
  ]);
  expect(readdirSync(store.folder).filter((name) => /\.(index|lock)$/.test(name))).toEqual([]);

  expect(prepareSnapshots(folders, Date.now())).toEqual({ status: 'prepared', leftOut: ['model.bin'] });
  await tree.call({ id: 'c2' }, () => appendFileSync(join(top, 'a.txt'), 'b\n'));
  expect(told(tree.drain(), 'c2', top)).toEqual(['edit a.txt +1 -0']);
  expect(prepareSnapshots(folders, Date.now())).toEqual({ status: 'ready' });
});

test('a refused repository is said as such, and its configuration is not run', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const ran = join(scratch, 'ran');
  git(top, 'config', 'core.fsmonitor', `touch ${ran}; false`);
  // Git itself has this variable for its own tests of safe.directory.
  process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1';
  try {
    const outcome = takeSnapshot({ top, name: 'x' });
    expect(outcome).toMatchObject({ status: 'missed', miss: 'failed' });
    expect(JSON.stringify(outcome)).toContain('dubious ownership');
  } finally {
    delete process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'];
  }
  expect(existsSync(ran)).toBe(false);
  expect(readFileSync(snapshotStore(foldersOf(top)).error, 'utf8')).toContain('safe.directory');
  rmSync(ran, { force: true });
});
