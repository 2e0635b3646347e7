import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { type DrainReport, drainSpoolInGroups } from '../../src/spool/drain.ts';
import { encodeHookFile } from '../../src/spool/hook-file.ts';
import { recordNames, writeSpoolBytes } from '../../src/spool/write-record.ts';
import { SpoolApplier } from '../../src/writer/apply-spooled.ts';
import { TargetRecordings } from '../../src/writer/target-recordings.ts';
import { column } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const wrote = (file: string): object => ({
  ...{ hook_event_name: 'PostToolUse', session_id: 's1', cwd: '/w', tool_name: 'Write', tool_use_id: `toolu_${file}` },
  tool_input: { file_path: `/w/${file}`, content: 'a\nb\n' },
  tool_response: { type: 'create', filePath: `/w/${file}`, content: 'a\nb\n', structuredPatch: [], originalFile: null },
});

/** A spool, and a process that drains it with settings of its own. */
function spoolAndDrain() {
  const home = scratchFolder();
  const spool = join(home, 'spool');
  const { settings } = resolveSettings({}, {});
  let made = 0;
  const recordings = new TargetRecordings({
    settings,
    env: { HOME: home },
    make: (of, env) => {
      made += 1;
      return new Recorder({ settings: of, env, busyTimeoutMs: 0 });
    },
  });
  onTestFinished(() => recordings.close());
  return {
    ...{ home, spool, recordings },
    made: () => made,
    put: (event: object | string, env: Record<string, string>): void => {
      const payload = typeof event === 'string' ? event : JSON.stringify(event);
      const outcome = writeSpoolBytes([spool], 'hook file', encodeHookFile({ HOME: home, ...env }, Buffer.from(payload)), {
        maxBytes: 1e9,
      });
      expect(outcome.status).toBe('spooled');
    },
    drain: (): DrainReport => {
      const applier = new SpoolApplier((target, at) => recordings.of(target, at));
      return drainSpoolInGroups(spool, (group) => applier.apply(group), { maxAgeMs: 1e9 });
    },
  };
}

const filesIn = (db: string): unknown[] => column(db, 'SELECT file_path FROM file_modifications ORDER BY 1');

describe('hook events in a spool', () => {
  test('go to the file that their own environment names, whoever drains them', () => {
    const { home, put, drain, made } = spoolAndDrain();
    const other = scratchFolder();
    put(wrote('1'), { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: home });
    put(wrote('2'), { AGENT_ID: 'w2', AI_TRACKER_SHARED_DIR: home });
    put(wrote('3'), { AGENT_ID: 'w2', AI_TRACKER_DB_PATH: join(other, 'all.db') });
    put(wrote('4'), { AGENT_ID: 'w4', HOME: other });
    expect(drain()).toMatchObject({ applied: 4, later: 0, unreadable: 0, messages: [] });
    expect(filesIn(join(home, 'w1.db'))).toEqual(['/w/1']);
    expect(filesIn(join(home, 'w2.db'))).toEqual(['/w/2']);
    expect(filesIn(join(other, 'all.db'))).toEqual(['/w/3']);
    expect(filesIn(join(other, '.config/ai-tracker/agents/w4.db'))).toEqual(['/w/4']);
    // Two agents of one folder share what they have in common.
    expect(made()).toBe(3);
  });

  test('of a file that is locked wait for it, and no others do', () => {
    const { home, spool, put, drain } = spoolAndDrain();
    put(wrote('0'), { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: home });
    drain();
    const blocker = new Database(join(home, 'w1.db'));
    onTestFinished(() => void blocker.close());
    blocker.exec('BEGIN IMMEDIATE');
    for (let n = 1; n <= 20; n++) put(wrote(`${n}`), { AGENT_ID: n % 2 === 0 ? 'w2' : 'w1', AI_TRACKER_SHARED_DIR: home });
    expect(drain()).toMatchObject({ applied: 10, later: 10, more: false });
    expect(filesIn(join(home, 'w2.db'))).toHaveLength(10);
    expect(recordNames(spool)).toHaveLength(10);
    blocker.exec('ROLLBACK');
    expect(drain()).toMatchObject({ applied: 10, later: 0 });
    expect(filesIn(join(home, 'w1.db'))).toHaveLength(11);
    expect(recordNames(spool)).toEqual([]);
  });

  test('that are no events are set aside and counted, those beside them are rows', () => {
    const { home, spool, put, drain } = spoolAndDrain();
    const env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: home };
    put(wrote('1'), env);
    put('{"hook_event_name":"PostToolU', env);
    put('[]', env);
    put(wrote('2'), env);
    const report = drain();
    expect(report).toMatchObject({ applied: 2, unreadable: 2, later: 0 });
    expect(report.messages).toHaveLength(2);
    expect(filesIn(join(home, 'w1.db'))).toEqual(['/w/1', '/w/2']);
    expect(readdirSync(join(spool, 'bad'))).toHaveLength(2);
  });

  test('of which no row is made are in the books', () => {
    const { home, put, drain, recordings } = spoolAndDrain();
    const env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: home };
    put({ hook_event_name: 'Stop', session_id: 's1' }, env);
    put({ hook_event_name: 'Invented', session_id: 's1' }, env);
    put(wrote('1'), env);
    expect(drain()).toMatchObject({ applied: 3, unreadable: 0 });
    const [books] = [...recordings.made].map((recording) => recording.report().books['claude-code']);
    expect(books).toMatchObject({ seen: 3, recorded: 1, ignored: { no_row: 1, unknown_event: 1 } });
  });

  test('read again after a drain that was killed before it deleted them change nothing', () => {
    const { home, put, drain } = spoolAndDrain();
    const env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: home, time_ms: '1795000000000' };
    const rows = (): unknown[] =>
      column(
        join(home, 'w1.db'),
        "SELECT id || ':' || change_seq FROM file_modifications UNION ALL SELECT id || ':' || change_seq FROM tool_calls",
      );
    put(wrote('1'), env);
    drain();
    const before = rows();
    put(wrote('1'), env);
    expect(drain()).toMatchObject({ applied: 1 });
    expect(rows()).toEqual(before);
    expect(before).toHaveLength(2);
  });
});
