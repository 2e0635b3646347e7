import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../src/model/settings.ts';
import type { SpanRecord } from '../src/model/span-record.ts';
import { SERVE_SETTINGS } from '../src/receiver/serve-settings.ts';
import { written } from './support/claude-hook.ts';
import { codeBlocks } from './support/code-blocks.ts';
import { record, recorderIn } from './support/recorder-in.ts';
import { scratchFolder } from './support/scratch-folder.ts';
import { cancelSpan, fromSender, spanId, T0, taskSpan, toolSpan, traceId } from './support/span-makers.ts';

const page = readFileSync(new URL('../docs/privacy.md', import.meta.url), 'utf8');

const tablesOf = (db: Database.Database): string[] =>
  db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").pluck().all() as string[];

/** A call that is one row with its log records and hooks, which meet it by its id. */
const claudeTool = (trace: number): SpanRecord => ({
  ...toolSpan({ trace, span: trace * 10 + 2, parent: trace * 10 }),
  name: 'claude_code.tool',
  attributes: { 'session.id': `session-${trace}`, tool_use_id: 'toolu_1', tool_name: 'Edit' },
});

/** A file with two tasks in traces of their own, each with calls, one of them told by its call id, and a cancellation. */
function recordedFile(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder, { labels: [['team', 'billing']] });
  for (const trace of [1, 2]) {
    record(recorder, fromSender(Date.now(), 'worker'), [
      taskSpan(`run-${trace}`, { trace, span: trace * 10 }),
      toolSpan({ trace, span: trace * 10 + 1, parent: trace * 10 }),
      claudeTool(trace),
      ...written('toolu_1').succeeded({
        session: `session-${trace}`,
        timeMs: T0,
        traceparent: `00-${traceId(trace)}-${spanId(trace * 10)}-01`,
      }),
      cancelSpan(`run-${trace}`, { trace, span: trace * 10 + 3 }),
    ]);
  }
  recorder.close();
  return join(folder, 'worker.db');
}

describe('docs/privacy.md', () => {
  test('says of every table what is in it', () => {
    const db = new Database(recordedFile(), { readonly: true });
    const tables = tablesOf(db);
    db.close();
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    expect(tables).toContain('span_memory');
    expect(tables.filter((table) => !rows.some((row) => row.split(' | ')[0]?.includes(`\`${table}\``)))).toEqual([]);
  });

  test('gives each setting the default that it has', () => {
    const said = [...page.matchAll(/`(AI_TRACKER_[A-Z_]+)` \((\w+)\)/g)].map(([, name, value]) => [name, value]);
    const words = (byDefault: string): string => (byDefault === 'keep all' ? 'unset' : byDefault);
    const meant = said.map(([name]) => [
      name,
      words([...SETTINGS, ...SERVE_SETTINGS].find(({ env }) => env[0] === name)?.byDefault ?? 'none'),
    ]);
    expect(said.length).toBe(10);
    expect(said).toEqual(meant);
  });

  test('removes a trace by its SQL and leaves nothing of it, and all of the others', () => {
    const file = recordedFile();
    const db = new Database(file);
    /** How many rows of each table hold the trace. */
    const holding = (trace: number): Record<string, number> =>
      Object.fromEntries(
        tablesOf(db).flatMap((table) => {
          const rows = db.prepare(`SELECT * FROM ${table}`).all();
          const found = rows.filter(
            (row) => JSON.stringify(row).includes(traceId(trace)) || JSON.stringify(row).includes(`run-${trace}`),
          );
          return found.length === 0 ? [] : [[table, found.length]];
        }),
      );
    const before = holding(2);
    expect(Object.keys(holding(1)).sort()).toEqual(Object.keys(before).sort());
    expect(before).toMatchObject({
      task_executions: 1,
      task_labels: 1,
      tool_calls: 2,
      file_modifications: 1,
      span_memory: 5,
      call_parts: 2,
      task_signals: 1,
    });
    const sql = codeBlocks(page).find((block) => block.language === 'sql')?.text ?? '';
    db.exec(sql.replaceAll(':trace', `'${traceId(1)}'`));
    expect(holding(1)).toEqual({});
    expect(holding(2)).toEqual(before);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    expect(readFileSync(file).includes(traceId(1))).toBe(false);
    expect(readFileSync(file).includes(traceId(2))).toBe(true);
  });
});
