import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shippedMigrations } from '../../src/store/migrate.ts';
import { openForWriting } from '../../src/store/open.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { closedMigrations, futureMigrations } from '../support/future-schema.ts';
import { booksOf, record, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, T0, taskSpan, toolSpan } from '../support/span-makers.ts';

const WRITER = new URL('./children/write-as-build.ts', import.meta.url);
const version = (file: string): unknown => column(file, 'PRAGMA user_version')[0];

describe('during a rolling upgrade', () => {
  test('workers of an older and of a newer build write one file at once, and no row is lost', async () => {
    const dbPath = join(scratchFolder(), 'w.db');
    const old = [1, 2].map((name) => runNode(WRITER, ['old', dbPath, String(name), '400']));
    await Promise.all(old.map((worker) => worker.said('writing')));
    expect(version(dbPath)).toBe(shippedMigrations().length);
    const young = [3, 4].map((name) => runNode(WRITER, ['new', dbPath, String(name), '400']));
    await Promise.all(young.map((worker) => worker.said('writing')));
    // An old build also starts on the file that the new one has changed.
    const late = runNode(WRITER, ['old', dbPath, '5', '100']);
    for (const worker of [...old, ...young, late]) {
      const { code, stdout, stderr } = await worker.ended;
      expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'writing\ndone\n' });
    }
    expect(version(dbPath)).toBe(futureMigrations().length);
    expect(column(dbPath, 'PRAGMA integrity_check')).toEqual(['ok']);
    expect(countOf(dbPath, 'task_executions', "status = 'completed'")).toBe(1700);
    expect(countOf(dbPath, 'tool_calls', "owner_match = 'ancestor' AND mood IS NULL")).toBe(1700);
    expect(
      rowsIn(dbPath, 'SELECT instance_id AS name, task_count AS tasks, tool_calls AS calls FROM agent_sessions ORDER BY 1'),
    ).toEqual([400, 400, 400, 400, 100].map((n, i) => ({ name: String(i + 1), tasks: n, calls: n })));
  });

  test('an open recorder goes on after the schema moved under it, sweeps too', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0, 'w'), [taskSpan('before', { span: 1 })]);
    openForWriting(join(folder, 'w.db'), { busyTimeoutMs: 0, migrations: futureMigrations() }).close();
    recorder.sweep();
    expect(recorder.report().findings).toEqual([]);
    record(recorder, fromSender(T0, 'w'), [toolSpan({ span: 2, parent: 1 })]);
    expect(rowsIn(join(folder, 'w.db'), 'SELECT owner_match, mood FROM tool_calls')).toEqual([
      { owner_match: 'ancestor', mood: null },
    ]);
  });

  test('a build that the file shuts out gives its spans back, says so, and writes no row', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0, 'w'), [taskSpan('before', { span: 1 })]);
    openForWriting(file, { busyTimeoutMs: 0, migrations: closedMigrations('min_writer') }).close();
    const batch = { origin: fromSender(T0, 'w'), spans: [taskSpan('after', { span: 2, trace: 2 })], logs: [] };
    for (let i = 0; i < 2; i += 1) {
      expect(recorder.apply(batch)).toEqual({
        status: 'retry',
        reason: 'too-old',
        rest: batch,
        message: expect.stringMatching(
          /w\.db: its schema is version \d+ and takes writers of version .* Upgrade ai-tracker-otel/,
        ),
      });
    }
    expect(column(file, 'SELECT task_id FROM task_executions')).toEqual(['before']);
    expect(recorder.report().findings.map((finding) => finding.level)).toEqual(['red']);
    expect(booksOf(recorder)).toMatchObject({ seen: 1, recorded: 1 });
  });
});
