import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitsOfRange } from '../../src/git/commit-range.ts';
import { generatedFiles } from '../../src/git/generated-files.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

function commit(top: string, subject: string): string {
  git(top, 'commit', '-q', '--allow-empty', '-m', subject);
  return git(top, 'rev-parse', 'HEAD');
}

test('a branch is what it has beyond its base, the base all of its history, and a request what its subjects say', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': 'one\n' });
  const first = git(top, 'rev-parse', 'HEAD');
  const squashed = commit(top, 'Squashed (#12)');
  git(top, 'switch', '-qc', 'feature');
  const own = [commit(top, 'Own 1, see #12'), commit(top, 'Own 2')];
  git(top, 'switch', '-q', 'main');
  const ask = (range: string): readonly string[] | string => {
    const outcome = commitsOfRange(foldersOf(top), range);
    return outcome.what === 'done' ? [...outcome.shas].sort() : outcome.what;
  };
  expect(ask('feature')).toEqual([...own].sort());
  expect(ask('main')).toEqual([first, squashed].sort());
  expect(ask(`${first}..main`)).toEqual([squashed]);
  expect(ask('#12')).toEqual([squashed]);
  git(top, 'merge', '-q', '--no-ff', '-m', 'Merge pull request #13 from org/feature', 'feature');
  expect(ask('#13')).toEqual([...own, git(top, 'rev-parse', 'HEAD')].sort());
  // What is merged by now has nothing of its own: then it is all that it has.
  expect(ask('feature')).toEqual([first, squashed, ...own].sort());
  for (const nothing of ['#99', 'no-such-branch', '--all', 'main..nowhere']) expect(ask(nothing)).toBe('failed');
});

test('generated are lock files by name and what .gitattributes says, either way', () => {
  const top = repository(join(scratchFolder(), 'r'), { 'a.txt': '' });
  writeFiles(top, {
    '.gitattributes': 'gen/** linguist-generated\ngo.sum -linguist-generated\n*.pb.go linguist-generated=true\n',
  });
  const paths = [
    'gen/api.ts',
    'go.sum',
    'web/package-lock.json',
    'a.pb.go',
    'lib/x.min.js',
    'src/a.ts',
    'my package-lock.json.ts',
  ];
  expect([...generatedFiles(foldersOf(top), paths)].sort()).toEqual(
    ['a.pb.go', 'gen/api.ts', 'lib/x.min.js', 'web/package-lock.json'].sort(),
  );
});
