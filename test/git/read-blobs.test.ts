import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changedFiles } from '../../src/git/changed-files.ts';
import { fileHunks } from '../../src/git/file-hunks.ts';
import { MAX_BLOB_BYTES, readBlobs } from '../../src/git/read-blobs.ts';
import { makeStore, snapshotStore } from '../../src/git/snapshot-store.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const textsOf = (blobs: readonly (Buffer | null)[]): (string | null)[] => blobs.map((blob) => blob?.toString('utf8') ?? null);

test('contents come in the order asked for, as stored, by name or by commit and path', () => {
  const scratch = scratchFolder();
  const top = repository(join(scratch, 'repo'), {
    '.gitattributes': '*.txt filter=shout text\n',
    'a.txt': 'a\n',
    'sub/with space ä.txt': 'no newline',
    'empty.txt': '',
    'x.bin': Buffer.from([0, 10, 0]),
  });
  const ran = join(scratch, 'ran');
  git(top, 'config', 'filter.shout.smudge', `touch ${ran}; cat`);
  const name = git(top, 'rev-parse', 'HEAD:a.txt');
  const missing = 'a'.repeat(40);
  const specs = [
    ...['HEAD:sub/with space ä.txt', name, missing, 'HEAD:empty.txt', 'HEAD:sub', 'HEAD', 'HEAD:a.txt\n', ''],
    ...[name, 'HEAD:x.bin', 'HEAD:none.txt'],
  ];
  expect(textsOf(readBlobs(foldersOf(top), specs))).toEqual([
    ...['no newline', 'a\n', null, '', null, null, null, null],
    ...['a\n', '\0\n\0', null],
  ]);
  expect(existsSync(ran)).toBe(false);
});

test('contents that only kept states of the work tree have are there too, in a folder of any name', () => {
  const top = repository(join(scratchFolder(), 'a:b "c"\\d'), { 'a.txt': 'a\n' });
  const store = snapshotStore(foldersOf(top));
  makeStore(store);
  const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], {
    cwd: top,
    input: 'kept\n',
    env: { ...process.env, GIT_OBJECT_DIRECTORY: store.objects },
  })
    .toString()
    .trim();
  expect(() => git(top, 'cat-file', '-e', blob)).toThrow(/failed/);
  expect(textsOf(readBlobs(foldersOf(top), [blob, 'HEAD:a.txt']))).toEqual(['kept\n', 'a\n']);
});

test('what is too large to be text is left out, and many large ones are read in parts', () => {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.txt': 'a\n' });
  const part = 18 * 2 ** 20;
  const sizes = [part, part, part, part, MAX_BLOB_BYTES + 1, 3, part, part];
  for (const [n, size] of sizes.entries()) writeFileSync(join(top, `${n}.bin`), Buffer.alloc(size, n));
  git(top, 'add', '-A');
  git(top, '-c', 'core.looseCompression=0', 'commit', '-qm', 'large');
  const blobs = readBlobs(
    foldersOf(top),
    sizes.map((_, n) => `HEAD:${n}.bin`),
  );
  expect(blobs.map((blob) => blob?.length ?? null)).toEqual([part, part, part, part, null, 3, part, part]);
  expect(blobs.map((blob) => blob?.at(-1) ?? null)).toEqual([0, 1, 2, 3, null, 5, 6, 7]);
}, 60_000);

test('a partial clone tells what it has and fetches nothing', () => {
  const scratch = scratchFolder();
  const origin = repository(join(scratch, 'origin'), { 'a.txt': 'a\n', 'b.txt': 'b\n', 'gone.txt': 'gone\n' });
  writeFiles(origin, { 'a.txt': 'a\na\n', 'new.txt': 'new\n' });
  git(origin, 'rm', '-q', 'gone.txt');
  git(origin, 'add', '-A');
  git(origin, 'commit', '-qm', 'second');
  git(origin, 'config', 'uploadpack.allowFilter', 'true');
  git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const top = join(scratch, 'clone');
  git(scratch, 'clone', '-q', '--filter=blob:none', `file://${origin}`, top);
  const objects = (): string => git(top, 'count-objects', '-v');
  const before = objects();
  const folders = foldersOf(top);
  const [old, now] = [git(origin, 'rev-parse', 'HEAD^:a.txt'), git(origin, 'rev-parse', 'HEAD:a.txt')];
  expect(textsOf(readBlobs(folders, [old, now, 'HEAD:b.txt', 'HEAD^:a.txt', 'HEAD:new.txt']))).toEqual([
    ...[null, 'a\na\n', 'b\n', null, 'new\n'],
  ]);
  const [first, second] = [git(top, 'rev-parse', 'HEAD^'), git(top, 'rev-parse', 'HEAD')];
  expect(fileHunks(folders, first, second)).toBeNull();
  expect(changedFiles(folders, first, second)?.map(({ path, added }) => [path, added])).toEqual([
    ['a.txt', null],
    ['gone.txt', null],
    ['new.txt', null],
  ]);
  expect(objects()).toBe(before);
});
