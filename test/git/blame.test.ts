import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blameFile } from '../../src/git/blame.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const linesOf = (outcome: ReturnType<typeof blameFile>) => (outcome.what === 'done' ? outcome.lines : []);

test('each line has its commit, its place there and its text, through a rename to a name that git quotes', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': 'one\ntwo\n\tthree \n' });
  const first = git(top, 'rev-parse', 'HEAD');
  const name = 'näme "quoted"\tand tabbed.txt';
  git(top, 'mv', 'a.txt', name);
  git(top, 'commit', '-qm', 'Rename');
  writeFiles(top, { [name]: 'one\nbetween\ntwo\n\tthree \n' });
  git(top, 'commit', '-qam', 'Insert: a line\tmore');
  const second = git(top, 'rev-parse', 'HEAD');
  writeFileSync(join(top, name), 'one\nbetween\ntwo\n\tthree \nnot committed\n');
  const outcome = blameFile(foldersOf(top), { path: name, revision: null, lines: null });
  expect(linesOf(outcome)).toEqual([
    { line: 1, text: 'one', sha: first, path: 'a.txt', originalLine: 1 },
    { line: 2, text: 'between', sha: second, path: name, originalLine: 2 },
    { line: 3, text: 'two', sha: first, path: 'a.txt', originalLine: 2 },
    { line: 4, text: '\tthree ', sha: first, path: 'a.txt', originalLine: 3 },
    { line: 5, text: 'not committed', sha: null, path: name, originalLine: 5 },
  ]);
  const commits = outcome.what === 'done' ? outcome.commits : new Map();
  expect(commits.get(second)).toMatchObject({ author: 'Test', subject: 'Insert: a line\tmore', isCutOff: false });
});

test('lines of a range and of an earlier commit are asked for alone', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': 'one\ntwo\nthree\n' });
  const first = git(top, 'rev-parse', 'HEAD');
  writeFiles(top, { 'a.txt': 'none\n' });
  git(top, 'commit', '-qam', 'Other');
  const outcome = blameFile(foldersOf(top), { path: 'a.txt', revision: first, lines: [2, 3] });
  expect(linesOf(outcome).map(({ line, text }) => [line, text])).toEqual([
    [2, 'two'],
    [3, 'three'],
  ]);
});

test('where a shallow clone ends, a line may be older', () => {
  const folder = scratchFolder();
  const top = repository(join(folder, 'r'), { 'a.txt': 'one\n' });
  writeFiles(top, { 'b.txt': 'two\n' });
  git(top, 'add', '-A');
  git(top, 'commit', '-qm', 'Second');
  const clone = join(folder, 'clone');
  git(folder, 'clone', '-q', '--depth', '1', `file://${top}`, clone);
  const outcome = blameFile(foldersOf(clone), { path: 'a.txt', revision: null, lines: null });
  expect(outcome.what === 'done' && [...outcome.commits.values()].map(({ isCutOff }) => isCutOff)).toEqual([true]);
});

test('a file that git does not have says so', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': 'one\n' });
  expect(blameFile(foldersOf(top), { path: 'b.txt', revision: null, lines: null })).toMatchObject({
    what: 'failed',
    message: expect.stringContaining("no such path 'b.txt' in HEAD"),
  });
});
