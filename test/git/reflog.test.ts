import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reflogEntries } from '../../src/git/reflog.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

test('moves of HEAD are told oldest first, each work tree its own', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const first = git(top, 'rev-parse', 'HEAD');
  git(top, 'commit', '-q', '--allow-empty', '-m', 'second part');
  const second = git(top, 'rev-parse', 'HEAD');
  git(top, 'reset', '-q', '--hard', first);
  git(top, 'worktree', 'add', '-q', '--detach', join(scratch, 'tree'), second);
  const entries = reflogEntries(foldersOf(top), 0);
  expect(entries.map(({ from, to, message }) => [from, to, message])).toEqual([
    [null, first, 'commit (initial): first'],
    [first, second, 'commit: second part'],
    [second, first, `reset: moving to ${first}`],
  ]);
  expect(Math.abs((entries[2]?.timeMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(reflogEntries(foldersOf(join(scratch, 'tree')), 0).at(-1)).toMatchObject({ to: second });
  rmSync(join(top, '.git', 'logs'), { recursive: true });
  expect(reflogEntries(foldersOf(top), 0)).toEqual([]);
});

test('of a long one only what is recent is told, wherever the pieces are cut that it is read in', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  const log = join(top, '.git', 'logs', 'HEAD');
  const start = 4_000_000_000;
  const sha = (n: number): string => n.toString(16).padStart(40, '0');
  const lines = Array.from(
    { length: 8000 },
    (_, n) => `${sha(n + 1)} ${sha(n + 2)} N <n@example.invalid> ${start + n} +0000\tmove ${n} ${'ä'.repeat(n % 7)}\n`,
  );
  appendFileSync(log, lines.join(''));
  for (const count of [1, 100, 2500, 7999, 8000]) {
    const entries = reflogEntries(foldersOf(top), (start + 8000 - count) * 1000 + 500);
    expect(entries.length).toBe(count);
    expect(entries[0]).toMatchObject({ from: sha(8001 - count), timeMs: (start + 8000 - count) * 1000 });
    expect(entries.at(-1)?.message).toContain('move 7999');
  }
  expect(reflogEntries(foldersOf(top), 0).length).toBe(8001);
});
