import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileSystemOf, judgeFileSystem, mountTypeOf, parseMountInfo } from '../../src/store/file-system.ts';
import { chooseJournal } from '../../src/store/journal.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const MOUNTINFO = `22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 28 0:40 / /workspace/shared rw,relatime - fuse.archil archil rw,user_id=0
41 28 0:41 / /mnt/with\\040space rw shared:2 master:3 - nfs4 server:/export rw
42 28 0:42 / /data rw - ext4 /dev/vdb rw
43 28 0:43 / /data rw - virtiofs tag rw
`;

describe('the mount table', () => {
  const mounts = parseMountInfo(MOUNTINFO);
  test.each([
    ['/workspace/shared/tracking/a.db', 'fuse.archil'],
    ['/workspace/sharedother', 'ext4'],
    ['/mnt/with space/x', 'nfs4'],
    ['/data/x', 'virtiofs'],
    ['/', 'ext4'],
  ])('says of %s that it lies on %s', (path, type) => {
    expect(mountTypeOf(path, mounts)).toBe(type);
  });
});

test.each([
  [0xef53, 'ext4', 'local'],
  [0x01021994, 'tmpfs', 'local'],
  [0x794c7630, 'overlay', 'local'],
  [0x9123683e, null, 'local'],
  [0x6969, 'nfs4', 'network'],
  [0x6969, null, 'network'],
  [0xfe534d42, 'cifs', 'network'],
  [0x01021997, '9p', 'network'],
  [0x65735546, 'virtiofs', 'network'],
  [0x65735546, 'fuse.sshfs', 'fuse'],
  [0x65735546, null, 'fuse'],
  [0xef53, 'fuse.weird', 'fuse'],
  [0x12345678, 'newfs', 'unknown'],
] as const)('statfs %d with mount type %s is %s', (magic, type, kind) => {
  expect(judgeFileSystem(magic, type).kind).toBe(kind);
});

test('a folder that does not exist yet is judged by the nearest one above it', () => {
  const folder = scratchFolder();
  expect(fileSystemOf(join(folder, 'not', 'yet'))).toEqual(fileSystemOf(folder));
  expect(fileSystemOf(folder).kind).toBe('local');
});

test.each([
  ['local', null, null, 'wal', 'normal'],
  ['network', null, null, 'truncate', 'full'],
  ['fuse', null, null, 'truncate', 'full'],
  ['unknown', null, null, 'truncate', 'full'],
  ['network', 'WAL', null, 'wal', 'normal'],
  ['local', 'truncate', null, 'truncate', 'full'],
  ['local', null, 'full', 'wal', 'full'],
  ['network', null, 'normal', 'truncate', 'normal'],
] as const)(
  'on a %s disk, journal %s and synchronous %s give %s and %s',
  (kind, journal, synchronous, wantJournal, wantSynchronous) => {
    expect(chooseJournal(kind, journal, synchronous)).toEqual({
      journal: wantJournal,
      synchronous: wantSynchronous,
      problems: [],
    });
  },
);

test('a journal that nobody knows is passed over and named', () => {
  const choice = chooseJournal('local', 'memory', 'off');
  expect([choice.journal, choice.synchronous]).toEqual(['wal', 'normal']);
  expect(choice.problems.join()).toMatch(/AI_TRACKER_JOURNAL="memory".*AI_TRACKER_SYNCHRONOUS="off"/);
});
