import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChangeCounter } from '../../src/ingest/change-counter.ts';
import { ImportRows } from '../../src/ingest/import-rows.ts';
import { openForWriting } from '../../src/store/open.ts';
import { commitMade, newFile, shaOf } from '../support/commit-makers.ts';
import { recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const REPO = { id: 'example.com/acme/repo', isCertain: true };
const OLD = {
  ...{ oldId: 1, at: '2026-01-15T09:00:00.000Z', repoName: 'repo', repoPath: '/old' },
  ...{ aiAdded: 7, aiRemoved: 0, humanAdded: 1, humanRemoved: 0 },
};

/** As `ai-tracker import` writes one commit with a file. */
function importInto(file: string, sha: string): void {
  const target = openForWriting(file, { busyTimeoutMs: 0 });
  const counter = new ChangeCounter(target.db);
  const rows = new ImportRows(target.db, counter);
  target.db
    .transaction(() => {
      counter.begin();
      const { id, takesFiles } = rows.commit({ ...OLD, sha }, 'w', REPO);
      if (takesFiles) rows.file({ oldCommitId: 1, filePath: '/old/a.txt', added: 8, removed: 0, aiAdded: 7, aiRemoved: 0 }, id);
      counter.end();
    })
    .immediate();
  target.close();
}

const COMMITS = 'select commit_sha as sha, repo_path as folder, ai_lines_added as ai, timestamp from commits order by 1';
const FILES = 'select file_path as path, lines_added as added from commit_files order by 1';
const OURS = { sha: shaOf(1), folder: '/repo', ai: 1, timestamp: '2026-01-15T10:00:01.000Z' };

test.each([
  ['before', [true, false]],
  ['after', [false, true]],
  ['before and after', [true, false, true]],
])('a commit that was imported %s this version recorded it stands there as this version has it', (_when, steps) => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  for (const isImport of steps) {
    const recorder = recorderIn(folder);
    if (isImport) importInto(file, shaOf(1));
    else recorder.recordCommits('w', { written: [commitMade({ files: [newFile('a.txt', ['w:edit-1', null])] })], gone: [] });
    recorder.close();
  }
  expect(rowsIn(file, COMMITS)).toEqual([OURS]);
  expect(rowsIn(file, FILES)).toEqual([{ path: 'a.txt', added: 2 }]);
});

test('what was imported of other commits stays as it is', () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  importInto(file, shaOf(2));
  const before = rowsIn(file, 'select * from commits');
  const recorder = recorderIn(folder);
  recorder.recordCommits('w', { written: [commitMade()], gone: [] });
  recorder.recordCommits('w', { written: [], gone: [commitMade()] });
  expect(rowsIn(file, 'select * from commits')).toEqual(before);
  expect(rowsIn(file, FILES)).toEqual([{ path: '/old/a.txt', added: 8 }]);
});
