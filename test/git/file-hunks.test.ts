import { chmodSync, existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changedFiles } from '../../src/git/changed-files.ts';
import { fileHunks, type Hunk } from '../../src/git/file-hunks.ts';
import { readBlobs } from '../../src/git/read-blobs.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

function commit(top: string, message: string): string {
  git(top, 'add', '-A');
  git(top, 'commit', '-qm', message, '--allow-empty');
  return git(top, 'rev-parse', 'HEAD');
}

/** Path → `<added> <removed>`, as `git show --numstat` of the commit prints them with nobody's configuration. */
function numstat(top: string, sha: string): Record<string, string> {
  const parts = git(top, 'show', '--format=', '-M', '-z', '--numstat', sha).split('\0');
  const counts: Record<string, string> = {};
  for (let i = 0; i < parts.length; i++) {
    const [added, removed, ...path] = (parts[i] ?? '').split('\t');
    if (removed === undefined) continue;
    counts[path.join('\t') || (parts[(i += 2)] ?? '')] = `${added} ${removed}`;
  }
  return counts;
}

const sum = (hunks: readonly Hunk[] | null): string =>
  hunks === null
    ? '- -'
    : `${hunks.reduce((lines, hunk) => lines + hunk.newLines, 0)} ${hunks.reduce((lines, hunk) => lines + hunk.oldLines, 0)}`;

const sums = (top: string, sha: string): Record<string, string> =>
  Object.fromEntries([...(fileHunks(foldersOf(top), `${sha}^`, sha) ?? [])].map(([path, hunks]) => [path, sum(hunks)]));

const counted = (top: string, sha: string): Record<string, string> =>
  Object.fromEntries(
    (changedFiles(foldersOf(top), `${sha}^`, sha) ?? []).map(({ path, added, removed }) => [
      path,
      `${added ?? '-'} ${removed ?? '-'}`,
    ]),
  );

const lines = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => `${text(n)}\n`).join('');

test('each kind of change has as many lines as git show counts, at the places where they stand', () => {
  const top = repository(join(scratchFolder(), 'repo'), {
    'edited.txt': lines(30, (n) => `line ${n}`),
    'moved.txt': lines(30, (n) => `moved ${n}`),
    'gone.txt': 'a\nb\n',
    'becomes-link.txt': 'x\ny\n',
    'no-newline.txt': 'a\nb',
    'binary.bin': Buffer.from([0, 1, 2]),
    'only-mode.sh': 'echo\n',
    'odd "name"\tä\n.txt': 'one\n',
    'tricky.txt': '@@ -1 +1 @@\n--- a/x\n',
  });
  const edited = [
    'first',
    ...Array.from({ length: 28 }, (_, n) => `line ${n + 1}`).filter((_, n) => n !== 9),
    'last',
    'more',
    '',
  ];
  writeFiles(top, {
    'edited.txt': edited.join('\n'),
    'new.txt': 'diff --git a/x b/x\nBinary files differ\n',
    'empty.txt': '',
    'no-newline.txt': 'a\nb\n',
    'binary.bin': Buffer.from([0, 1, 3]),
    'odd "name"\tä\n.txt': 'one\ntwo\n',
    'tricky.txt': '@@ -1 +1 @@\n+++ b/x\n-- a\n',
    'sub/moved.txt': lines(30, (n) => (n === 3 ? 'other' : `moved ${n}`)),
  });
  for (const path of ['gone.txt', 'becomes-link.txt', 'moved.txt']) rmSync(join(top, path));
  symlinkSync('edited.txt', join(top, 'becomes-link.txt'));
  chmodSync(join(top, 'only-mode.sh'), 0o755);
  const sha = commit(top, 'all');

  const expected = numstat(top, sha);
  expect(Object.keys(expected).length).toBe(11);
  expect(sums(top, sha)).toEqual(expected);
  expect(counted(top, sha)).toEqual(expected);
  const hunks = fileHunks(foldersOf(top), `${sha}^`, sha);
  expect(hunks?.get('edited.txt')).toEqual([
    { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 },
    { oldStart: 11, oldLines: 1, newStart: 10, newLines: 0 },
    { oldStart: 30, oldLines: 1, newStart: 29, newLines: 2 },
  ]);
  expect(hunks?.get('binary.bin')).toBeNull();
  expect(hunks?.get('only-mode.sh')).toEqual([]);
  expect(hunks?.get('becomes-link.txt')).toEqual([{ oldStart: 1, oldLines: 2, newStart: 1, newLines: 1 }]);
  const files = new Map(changedFiles(foldersOf(top), `${sha}^`, sha)?.map((file) => [file.path, file]));
  expect(files.get('sub/moved.txt')).toMatchObject({ previousPath: 'moved.txt', isSymlink: false, isGitlink: false });
  expect(files.get('gone.txt')).toMatchObject({ blobAfter: null, modeAfter: null, modeBefore: '100644' });
  expect(files.get('new.txt')).toMatchObject({ blobBefore: null, modeBefore: null });
  expect(files.get('becomes-link.txt')).toMatchObject({ isSymlink: true });
});

test('of random texts with many equal lines each hunk leads from one version to the other', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': '' });
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const files = Array.from({ length: 60 }, (_, n) => `file-${n}.txt`);
  const texts = (): Record<string, string> =>
    Object.fromEntries(files.map((file) => [file, lines(random(120), () => ['}', '', 'a', `b${random(4)}`][random(4)] ?? '')]));
  writeFiles(top, texts());
  commit(top, 'before');
  writeFiles(top, texts());
  const sha = commit(top, 'after');
  const folders = foldersOf(top);
  expect(sums(top, sha)).toEqual(numstat(top, sha));
  for (const [path, hunks] of fileHunks(folders, `${sha}^`, sha) ?? []) {
    const [before = [], after = []] = readBlobs(folders, [`${sha}^:${path}`, `${sha}:${path}`]).map((blob) =>
      String(blob).split('\n'),
    );
    const patched = [...before];
    // From the end, so that places before stay as they are.
    for (const { oldStart, oldLines, newStart, newLines } of [...(hunks ?? [])].reverse())
      patched.splice(oldLines === 0 ? oldStart : oldStart - 1, oldLines, ...after.slice(newStart - 1, newStart - 1 + newLines));
    expect(patched, path).toEqual(after);
  }
});

test('a first commit is compared with nothing, in SHA-256 repositories too', () => {
  for (const format of ['sha1', 'sha256']) {
    const top = join(scratchFolder(), 'repo');
    git('/', 'init', '-q', `--object-format=${format}`, top);
    writeFiles(top, { 'a.txt': 'a\nb\n' });
    const sha = commit(top, 'first');
    expect(fileHunks(foldersOf(top), null, sha)).toEqual(
      new Map([['a.txt', [{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 2 }]]]),
    );
    expect(changedFiles(foldersOf(top), null, sha)).toMatchObject([{ path: 'a.txt', added: 2, removed: 0, blobBefore: null }]);
  }
});

test("nobody's configuration changes the counts or starts a program, and what .gitattributes call binary has no lines", () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), {
    '.gitattributes': 'lock.json -diff\n*.md diff=shout\n',
    'lock.json': '{}\n',
    'a.md': lines(40, (n) => (n % 3 === 0 ? '}' : `line ${n}`)),
    'sub/from.txt': lines(20, (n) => `text ${n}`),
  });
  writeFiles(top, { 'lock.json': '{"a":1}\n', 'a.md': lines(40, (n) => (n % 4 === 0 ? '}' : `line ${n + (n % 5)}`)) });
  renameSync(join(top, 'sub/from.txt'), join(top, 'to.txt'));
  const sha = commit(top, 'second');
  const expected = numstat(top, sha);
  expect(expected).toMatchObject({ 'lock.json': '- -', 'to.txt': '0 0' });
  const ran = join(scratch, 'ran');
  const program = join(scratch, 'program.sh');
  writeFileSync(program, `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
  const settings = {
    'diff.external': program,
    'diff.shout.textconv': program,
    'diff.shout.command': program,
    'diff.shout.algorithm': 'histogram',
    'diff.algorithm': 'patience',
    'diff.renames': 'false',
    'diff.renameLimit': '1',
    'diff.context': '0',
    'diff.interHunkContext': '20',
    'diff.noprefix': 'true',
    'diff.mnemonicPrefix': 'true',
    'diff.relative': 'true',
    'diff.indentHeuristic': 'false',
    'diff.suppressBlankEmpty': 'true',
    'color.ui': 'always',
    'core.fsmonitor': program,
    'core.quotePath': 'false',
  };
  for (const [key, value] of Object.entries(settings)) git(top, 'config', key, value);
  expect(sums(top, sha)).toEqual(expected);
  expect(counted(top, sha)).toEqual(expected);
  expect(existsSync(ran)).toBe(false);
});

test("another user's repository is read, and one whose work tree is gone or whose index is broken", () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const folders = foldersOf(top);
  const sha = git(top, 'rev-parse', 'HEAD');
  const expected = new Map([['a.txt', [{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 1 }]]]);
  // Git itself has this variable for its own tests of safe.directory.
  process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1';
  try {
    expect(fileHunks(folders, null, sha)).toEqual(expected);
  } finally {
    delete process.env['GIT_TEST_ASSUME_DIFFERENT_OWNER'];
  }
  writeFileSync(join(top, '.git', 'index'), 'broken');
  expect(fileHunks(folders, null, sha)).toEqual(expected);
  renameSync(join(top, '.git'), join(scratch, 'kept'));
  const kept = join(scratch, 'kept');
  expect(fileHunks({ ...folders, gitDir: kept, commonDir: kept }, null, sha)).toEqual(expected);
  expect(fileHunks(folders, null, sha)).toBeNull();
  expect(changedFiles(folders, null, sha)).toBeNull();
});

test('a submodule is told as such, with its one line', () => {
  const scratch = scratchFolder();
  const inner = repository(join(scratch, 'inner'), { 'a.txt': 'a\n' });
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  git(top, 'submodule', '--quiet', 'add', inner, 'inner');
  const sha = commit(top, 'add it');
  expect(sums(top, sha)).toEqual(numstat(top, sha));
  const found = changedFiles(foldersOf(top), `${sha}^`, sha)?.find(({ path }) => path === 'inner');
  expect(found).toMatchObject({ isGitlink: true, blobAfter: git(inner, 'rev-parse', 'HEAD'), added: 1 });
});

test('what is too large for one answer of git is told all the same', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n', 'gone.txt': lines(500, (n) => `gone ${n}`) });
  writeFiles(top, { 'a.txt': 'a\nb\n', 'large.txt': lines(1000, (n) => `new ${n}`), 'x.bin': Buffer.alloc(9) });
  rmSync(join(top, 'gone.txt'));
  const sha = commit(top, 'much');
  const folders = foldersOf(top);
  const hunks = fileHunks(folders, `${sha}^`, sha, 4000);
  expect(hunks).toEqual(fileHunks(folders, `${sha}^`, sha));
  expect(hunks?.get('large.txt')).toEqual([{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 1000 }]);
  expect(fileHunks(folders, `${sha}^`, sha, 100)).toBeNull();
});
