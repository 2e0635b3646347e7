import { realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { worktreesOf } from '../../src/git/worktrees.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const namesOf = (top: string): string[][] => worktreesOf(foldersOf(top)).map(({ top: folder, tree }) => [tree, folder]);

test('each work tree knows all of them, those that are gone too', () => {
  const scratch = realpathSync(scratchFolder());
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  for (const name of ['one', 'two']) git(top, 'worktree', 'add', '-q', '--detach', join(scratch, name));
  const expected = [
    ['main', top],
    ['work-one', join(scratch, 'one')],
    ['work-two', join(scratch, 'two')],
  ];
  expect(namesOf(top)).toEqual(expected);
  expect(namesOf(join(scratch, 'two'))).toEqual(expected);
  rmSync(join(scratch, 'one'), { recursive: true });
  expect(namesOf(join(scratch, 'two'))).toEqual(expected);
});

test('a submodule has its work tree within the other one, seen from one of its own too', () => {
  const scratch = realpathSync(scratchFolder());
  const inner = repository(join(scratch, 'inner'), { 'a.txt': 'a\n' });
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  git(top, 'submodule', '--quiet', 'add', inner, 'sub');
  git(join(top, 'sub'), 'worktree', 'add', '-q', '--detach', join(scratch, 'of-sub'));
  const expected = [
    ['main', join(top, 'sub')],
    ['work-of-sub', join(scratch, 'of-sub')],
  ];
  expect(namesOf(join(top, 'sub'))).toEqual(expected);
  expect(namesOf(join(scratch, 'of-sub'))).toEqual(expected);
});

test('a bare repository has those that were added only', () => {
  const scratch = realpathSync(scratchFolder());
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  git(scratch, 'clone', '-q', '--bare', top, 'bare.git');
  git(join(scratch, 'bare.git'), 'worktree', 'add', '-q', '--detach', join(scratch, 'one'));
  expect(namesOf(join(scratch, 'one'))).toEqual([['work-one', join(scratch, 'one')]]);
  renameSync(join(scratch, 'bare.git'), join(scratch, '.git'));
  git(join(scratch, '.git'), 'worktree', 'repair', join(scratch, 'one'));
  expect(namesOf(join(scratch, 'one'))).toEqual([['work-one', join(scratch, 'one')]]);
});
