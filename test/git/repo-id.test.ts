import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remoteId } from '../../src/git/remote-id.ts';
import { RepoIds, readRepoId } from '../../src/git/repo-id.ts';
import { git, repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

test.each([
  ['https://github.com/org/repo.git', 'github.com/org/repo'],
  ['https://user:to%40ken@GitHub.com/org/repo', 'github.com/org/repo'],
  ['https://oauth2:a@b@gitlab.example.com:8443/group/sub/repo.git/', 'gitlab.example.com:8443/group/sub/repo'],
  ['https://x-access-token:ghs_secret@github.com:443/org/repo.git?token=secret#x', 'github.com/org/repo'],
  ['git@github.com:org/repo.git', 'github.com/org/repo'],
  ['github.com:org/repo', 'github.com/org/repo'],
  ['ssh://git@github.com:22/org/repo.git', 'github.com/org/repo'],
  ['ssh://git@[::1]:2222/org/repo.git', '[::1]:2222/org/repo'],
  ['git+ssh://git@host/~me/repo', 'host/~me/repo'],
  ['git://host/repo.git', 'host/repo'],
  ['file:///srv/git/repo.git', '/srv/git/repo'],
  ['/srv/git/repo.git/', '/srv/git/repo'],
  ['../sibling.git', '../sibling'],
  [String.raw`C:\git\repo.git`, String.raw`C:\git\repo`],
  ['https://', null],
  ['', null],
])('the remote %s is %s', (url, id) => {
  expect(remoteId(url)).toBe(id);
});

test('a repository is known by its remote, else by its first commit; a shallow clone without a remote is not known', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const root = git(top, 'rev-parse', 'HEAD');
  git(top, 'commit', '-qm', 'second', '--allow-empty');
  expect(readRepoId(top)).toBe(root);
  git(top, 'remote', 'add', 'upstream', 'git@example.com:up/stream.git');
  expect(readRepoId(top)).toBe('example.com/up/stream');
  git(top, 'remote', 'add', 'origin', 'https://me:secret@example.com/my/fork.git');
  expect(readRepoId(top)).toBe('example.com/my/fork');

  const shallow = join(scratch, 'shallow');
  git(scratch, 'clone', '-q', '--depth=1', `file://${top}`, shallow);
  git(shallow, 'remote', 'remove', 'origin');
  expect(readRepoId(shallow)).toBeNull();

  const empty = join(scratch, 'empty');
  mkdirSync(empty);
  expect(readRepoId(empty)).toBeNull();
  git(empty, 'init', '-q');
  expect(readRepoId(empty)).toBeNull();
  expect(readRepoId(join(scratch, 'gone'))).toBeNull();
});

test('a folder that holds another repository than the hook saw has no id for it', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const head = git(top, 'rev-parse', 'HEAD');
  const ids = new RepoIds();
  expect(ids.of(top, head)).toBe(head);
  expect(ids.of(top, 'f'.repeat(40))).toBeNull();
});

test('an id is asked for once a minute', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), { 'a.txt': 'a\n' });
  const ids = new RepoIds();
  const first = ids.of(top, null, 0);
  git(top, 'remote', 'add', 'origin', 'https://example.com/a/b');
  expect([ids.of(top, null, 59_999), ids.of(top, null, 60_001)]).toEqual([first, 'example.com/a/b']);
});
