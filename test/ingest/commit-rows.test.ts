import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommitChanges } from '../../src/model/commit-attribution.ts';
import { openForWriting } from '../../src/store/open.ts';
import { commitMade, newFile, shaOf } from '../support/commit-makers.ts';
import { recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { T0 } from '../support/span-makers.ts';

const ID = `example.com/acme/repo:${shaOf(1)}`;
const DAY = 86_400_000;
const TABLES = ['commits', 'commit_files', 'commit_lines', 'line_anchors', 'tombstones', 'change_counter'] as const;
const written = (...commits: CommitChanges['written']): CommitChanges => ({ written: commits, gone: [] });
const allOf = (file: string): unknown => TABLES.map((table) => rowsIn(file, `select * from ${table}`));
const stonesOf = (file: string): unknown[] =>
  rowsIn<{ row: string }>(file, "select table_name || ' ' || row_id as row from tombstones order by 1").map(({ row }) => row);

test('a commit stands in the file of the agent that made it: its counts, files, lines and what recognises them', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const commit = commitMade({
    subject: 'Speed up (#12)',
    claudeSession: 's1',
    files: [
      { ...newFile('a.txt', ['w:edit-1', null, 'v:edit-2']), previousPath: 'old.txt', removed: 5, aiRemoved: 2 },
      newFile('b.txt', [null]),
    ],
  });
  expect(recorder.recordCommits('w', written(commit))).toEqual({ status: 'written' });
  const file = join(folder, 'w.db');
  const [row] = rowsIn(file, 'select * from commits');
  expect(row).toMatchObject({
    ...{ id: ID, commit_sha: shaOf(1), repo_name: 'repo', repo_path: '/repo', branch: 'main', pr_number: 12, agent_id: 'w' },
    ...{ timestamp: '2026-01-15T10:00:01.000Z', authored_at: '2026-01-15T10:00:00.000Z', conversation_id: 's1' },
    ...{ ai_lines_added: 2, human_lines_added: 2, ai_lines_removed: 2, human_lines_removed: 3 },
    ...{ task_execution_id: null, tool_call_id: null, owner_match: null, trace_id: null },
  });
  expect(rowsIn(file, 'select id, previous_path, lines_added, lines_removed, ai_lines_added from commit_files')).toEqual([
    { id: `${ID}:a.txt`, previous_path: 'old.txt', lines_added: 3, lines_removed: 5, ai_lines_added: 2 },
    { id: `${ID}:b.txt`, previous_path: null, lines_added: 1, lines_removed: 0, ai_lines_added: 0 },
  ]);
  expect(rowsIn(file, 'select id, last_line, file_modification_id, agent_id, match from commit_lines')).toEqual([
    { id: `${ID}:a.txt:1`, last_line: 1, file_modification_id: 'w:edit-1', agent_id: 'w', match: 'exact' },
    { id: `${ID}:a.txt:3`, last_line: 3, file_modification_id: 'v:edit-2', agent_id: 'v', match: 'exact' },
  ]);
  const anchors = rowsIn(file, 'select * from line_anchors order by file_path, line_number');
  expect(anchors.map(({ file_path, line_number, agent_id }) => [file_path, line_number, agent_id])).toEqual([
    ['a.txt', 1, 'w'],
    ['a.txt', 2, null],
    ['a.txt', 3, 'v'],
    ['b.txt', 1, null],
  ]);
  expect(anchors[1]).toMatchObject({ before_hash: anchors[0]?.['normal_hash'], after_hash: anchors[2]?.['normal_hash'] });
});

test('the same commit told again changes nothing, not even after a restart', () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const first = recorderIn(folder);
  first.recordCommits('w', written(commitMade()));
  const before = allOf(file);
  first.recordCommits('w', written(commitMade()));
  first.close();
  recorderIn(folder).recordCommits('w', written(commitMade()));
  expect(allOf(file)).toEqual(before);
});

test('a commit whose lines are told apart anew has exactly the new ones; what went away is told to copies', () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const recorder = recorderIn(folder);
  const kept = newFile('kept.txt', ['w:edit-1']);
  recorder.recordCommits('w', written(commitMade({ files: [newFile('a.txt', ['w:edit-1', null, 'w:edit-2']), kept] })));
  const before = rowsIn<{ seq: number }>(file, 'select seq from change_counter')[0]?.seq ?? 0;
  const changed = commitMade({ files: [newFile('b.txt', ['w:edit-3']), kept] });
  recorder.recordCommits('w', written(changed));
  expect(rowsIn(file, `select id from commit_files where change_seq > ${before}`)).toEqual([{ id: `${ID}:b.txt` }]);
  expect(stonesOf(file)).toEqual([
    `commit_files ${ID}:a.txt`,
    `commit_lines ${ID}:a.txt:1`,
    `commit_lines ${ID}:a.txt:3`,
    ...[1, 2, 3].map((line) => `line_anchors ${ID}:a.txt:${line}`),
  ]);
  const other = scratchFolder();
  recorderIn(other).recordCommits('w', written(changed));
  const withoutSeq = 'select commit_id, file_path, line_number, line_hash from line_anchors order by 2, 3';
  expect(rowsIn(file, withoutSeq)).toEqual(rowsIn(join(other, 'w.db'), withoutSeq));
  expect(rowsIn(file, 'select ai_lines_added, human_lines_added from commits')).toEqual([
    { ai_lines_added: 2, human_lines_added: 0 },
  ]);
});

test('a commit that is not live any more goes with all that is its own, and may come back', () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const recorder = recorderIn(folder);
  const other = commitMade({ sha: shaOf(2) });
  recorder.recordCommits('w', written(commitMade(), other));
  const gone = [commitMade(), { repoId: 'example.com/acme/repo', sha: shaOf(9) }];
  expect(recorder.recordCommits('w', { written: [], gone })).toEqual({ status: 'written' });
  for (const table of ['commit_files', 'commit_lines', 'line_anchors'])
    expect(rowsIn(file, `select distinct commit_id as id from ${table}`), table).toEqual([{ id: ID.replace(/1$/, '2') }]);
  expect(stonesOf(file)).toEqual([`commit_files ${ID}:a.txt`, `commit_lines ${ID}:a.txt:1`, `commits ${ID}`]);
  recorder.recordCommits('w', written(commitMade()));
  const [stone] = rowsIn<{ change_seq: number }>(file, "select change_seq from tombstones where table_name = 'commits'");
  const [row] = rowsIn<{ change_seq: number }>(file, `select change_seq from commits where id = '${ID}'`);
  expect(row?.change_seq).toBeGreaterThan(stone?.change_seq ?? Number.NaN);
});

test('commits of two agents and of none stand in three files; one without its hook keeps what the hook knew', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  recorder.recordCommits(
    'w',
    written(commitMade({ claudeSession: 's1', from: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } })),
  );
  recorder.recordCommits('v', written(commitMade({ sha: shaOf(2) })));
  recorder.recordCommits(null, written(commitMade({ sha: shaOf(3) })));
  const shas = (name: string): unknown => rowsIn(join(folder, name), 'select commit_sha as sha, agent_id as agent from commits');
  expect(shas('w.db')).toEqual([{ sha: shaOf(1), agent: 'w' }]);
  expect(shas('v.db')).toEqual([{ sha: shaOf(2), agent: 'v' }]);
  expect(shas('home/.config/ai-tracker/tracker.db')).toEqual([{ sha: shaOf(3), agent: null }]);
  const before = allOf(join(folder, 'w.db'));
  recorder.recordCommits('w', written(commitMade({ branch: null, repoPath: null, recordedMs: T0 + DAY })));
  expect(allOf(join(folder, 'w.db'))).toEqual(before);
});

test.each([
  ['Fix it (#7)', 7],
  ['Merge pull request #8 from acme/topic', 8],
  ['Fix (#7) and more', null],
  ['See #7', null],
])('the subject %j names the pull request %j', (subject, number) => {
  const folder = scratchFolder();
  recorderIn(folder).recordCommits('w', written(commitMade({ subject })));
  expect(rowsIn(join(folder, 'w.db'), 'select pr_number as number from commits')).toEqual([{ number }]);
});

test('a locked file is said to be so, nothing is written, and the next try writes all', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  recorder.recordCommits('w', written(commitMade()));
  const path = join(folder, 'w.db');
  const other = openForWriting(path, { busyTimeoutMs: 0 });
  other.db.exec('begin immediate');
  const second = written(commitMade({ sha: shaOf(2) }));
  expect(recorder.recordCommits('w', second)).toMatchObject({ status: 'retry', reason: 'locked' });
  other.db.exec('rollback');
  other.close();
  expect(rowsIn(path, 'select id from commits').length).toBe(1);
  expect(recorder.recordCommits('w', second)).toEqual({ status: 'written' });
  expect(rowsIn(path, 'select id from commits').length).toBe(2);
});

test('by retention old commits go with their lines; an edit stays as long as a younger commit has lines of it', () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  let now = T0;
  const recorder = recorderIn(folder, { retentionDays: 10 }, () => now);
  const old = commitMade();
  const young = commitMade({ sha: shaOf(2), recordedMs: T0 + 8 * DAY, files: [newFile('a.txt', ['w:edit-2'])] });
  recorder.recordCommits('w', written(old, young));
  const other = openForWriting(file, { busyTimeoutMs: 0 });
  for (const id of ['w:edit-1', 'w:edit-2'])
    other.db
      .prepare(
        `INSERT INTO file_modifications (id, file_path, modification_type, modified_at, change_seq)
         VALUES (?, '/repo/a.txt', 'edit', '2026-01-15T10:00:00.000Z', 0)`,
      )
      .run(id);
  other.close();
  now = T0 + 12 * DAY;
  recorder.sweep();
  expect(rowsIn(file, 'select commit_sha as sha from commits')).toEqual([{ sha: shaOf(2) }]);
  for (const table of ['commit_files', 'commit_lines', 'line_anchors'])
    expect(rowsIn(file, `select distinct substr(commit_id, -1) as n from ${table}`), table).toEqual([{ n: '2' }]);
  expect(rowsIn(file, 'select id from file_modifications')).toEqual([{ id: 'w:edit-2' }]);
});
