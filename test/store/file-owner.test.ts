import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openForWriting } from '../../src/store/open.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const AGENT = 65_534;
const ownerOf = (path: string): number => statSync(path).uid;

describe.skipIf(process.getuid?.() !== 0)('what root makes (skipped where we are not root)', () => {
  test('in the folder of another user is that user’s: file, -wal, -shm, and folders on the way', () => {
    const home = join(scratchFolder(), 'home');
    mkdirSync(home);
    chownSync(home, AGENT, AGENT);
    const path = join(home, '.config', 'ai-tracker', 'a.db');
    const file = openForWriting(path, { busyTimeoutMs: 0, journal: 'wal', synchronous: null, fileMode: null });
    try {
      file.db.exec("INSERT INTO file_info (key, value) VALUES ('x', 'y')");
      for (const made of [path, `${path}-wal`, `${path}-shm`, join(home, '.config'), join(home, '.config', 'ai-tracker')])
        expect([made, ownerOf(made)]).toEqual([made, AGENT]);
    } finally {
      file.close();
    }
  });

  test('in a folder of its own is its own', () => {
    const path = join(scratchFolder(), 'agents', 'a.db');
    openForWriting(path, { busyTimeoutMs: 0, journal: 'wal', synchronous: null, fileMode: null }).close();
    expect(ownerOf(path)).toBe(0);
  });
});
