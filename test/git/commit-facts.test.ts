import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFacts } from '../../src/git/commit-facts.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const FORMAT = '%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s';

/** A commit object of these bytes. */
function commitOf(top: string, headers: readonly string[], message: string | Buffer): string {
  const tree = git(top, 'rev-parse', 'HEAD^{tree}');
  const text = join(top, '..', 'object');
  writeFileSync(
    text,
    Buffer.concat([Buffer.from([`tree ${tree}`, ...headers, '', ''].join('\n'), 'latin1'), Buffer.from(message)]),
  );
  return git(top, 'hash-object', '--literally', '-t', 'commit', '-w', text);
}

test('commits tell what git log tells of them: merges, empty and odd messages, signatures, other encodings', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  git(top, 'checkout', '-qb', 'side');
  git(top, 'commit', '-q', '--allow-empty', '-m', 'two\nlines (#12)\n\nbody', '--author=Ä B <a@example.invalid>');
  git(top, 'checkout', '-q', '-');
  writeFiles(top, { 'b.txt': 'b\n' });
  git(top, 'add', '-A');
  git(top, 'commit', '-q', '--allow-empty-message', '-m', '', '--date=2001-02-03T04:05:06+0530');
  git(top, 'merge', '-q', '--no-ff', '-m', 'Merge pull request #3 from x/y', 'side');
  const person = 'A <a@example.invalid> 1700000000 -0130';
  const people = [`author ${person}`, `committer ${person}`];
  const odd = [
    commitOf(top, [...people, 'encoding ISO-8859-1'], Buffer.from('caf\xe9 \n', 'latin1')),
    commitOf(top, [...people, 'gpgsig -----BEGIN', ' parent of nothing', ' -----END'], '\n\n  signed \nmore\n \nbody\n'),
    commitOf(top, ['author  <> 0 +0000', 'committer x <> 1 +0000'], 'nobody'),
  ];
  const shas = [...git(top, 'rev-list', '--all').split('\n'), ...odd];
  const facts = commitFacts(foldersOf(top), shas);
  const told = shas.map((sha) => {
    const fact = facts.get(sha);
    return [
      ...[sha, fact?.tree, fact?.parents.join(' '), fact?.authorName, fact?.authorEmail],
      ...[String((fact?.authoredMs ?? 0) / 1000), String((fact?.committedMs ?? 0) / 1000), fact?.subject],
    ];
  });
  const expected = shas.map((sha) => git(top, 'log', '-1', `--format=${FORMAT}`, sha).split('\0'));
  expect(expected.map((one) => one.length)).toEqual(shas.map(() => 8));
  expect(told).toEqual(expected);
  expect(facts.get(odd[0] ?? '')).toMatchObject({ authorZone: '-0130', subject: 'café' });
});

test('what is no commit, or is not there, tells nothing', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  const head = git(top, 'rev-parse', 'HEAD');
  const [tree, missing] = [git(top, 'rev-parse', 'HEAD^{tree}'), 'a'.repeat(40)];
  const facts = commitFacts(foldersOf(top), [tree, head, missing]);
  expect([...facts].map(([sha, fact]) => [sha, fact?.subject ?? null])).toEqual([
    [tree, null],
    [head, 'first'],
    [missing, null],
  ]);
});
