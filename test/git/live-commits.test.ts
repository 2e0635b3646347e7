import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { liveCommits, refsState } from '../../src/git/live-commits.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

function commit(top: string, name: string): string {
  writeFiles(top, { [`${name}.txt`]: `${name}\n` });
  git(top, 'add', '-A');
  git(top, 'commit', '-qm', name);
  return git(top, 'rev-parse', 'HEAD');
}

/** Letters of the commits that live. */
const livesOf = (top: string, commits: Readonly<Record<string, string>>): string => {
  const live = liveCommits(foldersOf(top), Object.values(commits));
  return Object.entries(commits)
    .flatMap(([letter, sha]) => (live?.has(sha) === true ? [letter] : []))
    .join('');
};

test('what was amended away, reset away or deleted with its branch is dead; what any ref or work tree leads to lives', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'first.txt': 'first\n' });
  const a = commit(top, 'a');
  git(top, 'commit', '-q', '--amend', '-m', 'amended');
  const b = git(top, 'rev-parse', 'HEAD');
  git(top, 'checkout', '-qb', 'side');
  const c = commit(top, 'c');
  git(top, 'checkout', '-q', 'main');
  const d = commit(top, 'd');
  git(top, 'tag', 'kept');
  git(top, 'reset', '-q', '--hard', 'HEAD~');
  const tree = join(scratch, 'tree');
  git(top, 'worktree', 'add', '-q', '--detach', tree);
  const e = commit(tree, 'e');
  git(top, 'checkout', '-q', '--detach');
  const f = commit(top, 'f');
  git(top, 'update-ref', 'refs/original/refs/heads/main', a);
  const commits = { a, b, c, d, e, f, x: 'a'.repeat(40) };
  expect(livesOf(top, commits)).toBe('bcdef');
  expect(livesOf(tree, commits)).toBe('bcdef');
  git(top, 'branch', '-qD', 'side');
  git(top, 'tag', '-d', 'kept');
  git(top, 'checkout', '-q', 'main');
  expect(livesOf(top, commits)).toBe('be');
  git(top, 'worktree', 'remove', '--force', tree);
  git(top, 'branch', 'again', c);
  expect(livesOf(top, commits)).toBe('bc');
});

test('a stashed state keeps the commit that it stands on alive', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  const b = commit(top, 'b');
  writeFiles(top, { 'a.txt': 'changed\n' });
  git(top, 'stash', '-q');
  git(top, 'reset', '-q', '--hard', 'HEAD~');
  expect(livesOf(top, { b })).toBe('b');
  git(top, 'stash', 'drop', '-q');
  expect(livesOf(top, { b })).toBe('');
});

test('the state of the refs changes with each of them and with each HEAD, and with nothing else', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const tree = join(scratch, 'tree');
  git(top, 'worktree', 'add', '-q', '--detach', tree);
  const seen: (string | null)[] = [];
  const look = (): void => void seen.push(refsState(foldersOf(top)));
  look();
  commit(tree, 'detached');
  look();
  commit(top, 'b');
  look();
  git(top, 'checkout', '-q', '--detach', 'HEAD~');
  look();
  git(top, 'tag', 't');
  look();
  expect(new Set(seen).size).toBe(5);
  writeFiles(top, { 'a.txt': 'b\n' });
  git(top, 'add', '-A');
  git(top, 'pack-refs', '--all');
  look();
  expect(seen.at(-1)).toBe(seen.at(-2));
  expect(refsState(foldersOf(tree))).toBe(seen.at(-1));
});

test('where there is no repository any more nothing is said to be dead', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  const folders = foldersOf(top);
  const head = git(top, 'rev-parse', 'HEAD');
  rmSync(join(top, '.git', 'HEAD'));
  expect(liveCommits(folders, [head])).toBeNull();
  expect(refsState(folders)).toBeNull();
});
