import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileSize } from '../../src/store/file-size.ts';
import { openForWriting } from '../../src/store/open.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

test('the size of a file counts what waits in its -wal', () => {
  const path = join(scratchFolder(), 'a.db');
  const file = openForWriting(path, { busyTimeoutMs: 0 });
  file.db.prepare("INSERT INTO tombstones VALUES ('t', ?, 1)").run('x'.repeat(100_000));
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(100_000);
  expect(fileSize(path)).toBe(statSync(path).size + statSync(`${path}-wal`).size);
  file.close();
  expect(fileSize(path)).toBe(statSync(path).size);
});

test('a file that is not there has no size', () => {
  expect(fileSize(join(scratchFolder(), 'none.db'))).toBe(0);
});
