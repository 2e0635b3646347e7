import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aiTracker } from '../cli/command.ts';
import { column, countOf, until } from '../support/agent-rows.ts';
import { HostProcess } from '../support/host-process.ts';

describe('a host process', () => {
  let folder: string;
  let file: string;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-end-'));
    file = join(folder, 'w1.db');
    env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: folder, HOME: folder };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['end-naturally', 0],
    ['process-exit', 0],
    ['throw', 1],
  ])(
    'that ends by %s leaves every ended span in the file and an ended session; what a busy machine had no time for, in the spool',
    async (what, code) => {
      const host = new HostProcess(what, 1000, env);
      expect(await host.ended()).toBe(code);
      const spool = join(folder, '.spool');
      const waiting = existsSync(spool) ? readdirSync(spool) : [];
      if (waiting.length === 0) {
        expect(column(file, 'SELECT ended_at IS NOT NULL FROM agent_sessions')).toEqual([1]);
        expect(existsSync(spool)).toBe(false);
      } else {
        // Any command that reads brings it into the file first.
        expect(await aiTracker(['agents', '--dir', folder], { home: folder })).toMatchObject({ code: 0, stderr: '' });
        expect(readdirSync(spool)).toEqual([]);
      }
      expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(1000);
    },
  );

  test('killed by SIGKILL keeps what forceFlush acknowledged, tasks that were running included', async () => {
    const host = new HostProcess('flush-and-live', 500, env);
    expect(await host.line()).toBe('flushed');
    host.kill();
    await host.ended();
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBeGreaterThanOrEqual(500);
    expect(countOf(file, 'task_executions', "status = 'running'")).toBe(50);
    expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
  });

  test('that exits while the file is locked spools, and the next process brings the rows into the file', async () => {
    expect(await new HostProcess('process-exit', 1, env).ended()).toBe(0);
    const locker = new Database(file);
    locker.exec('BEGIN EXCLUSIVE');
    const started = Date.now();
    const host = new HostProcess('process-exit', 700, env);
    expect(await host.ended()).toBe(0);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(readdirSync(join(folder, '.spool')).length).toBeGreaterThan(0);
    locker.exec('ROLLBACK');
    locker.close();
    expect(countOf(file, 'task_executions')).toBe(1);
    const next = new HostProcess('flush-and-live', 1, env);
    await until('the spool is drained', () => readdirSync(join(folder, '.spool')).length === 0);
    next.kill();
    await next.ended();
    expect(countOf(file, 'task_executions', "status = 'completed' AND task_id NOT LIKE '%open%'")).toBeGreaterThanOrEqual(702);
  });

  test('may flush and shut down many times at once, and later spans are counted as dropped', async () => {
    const host = new HostProcess('shut-down-twice', 100, env);
    const after = await host.line<{ books: Record<string, { dropped: Record<string, number> }> }>();
    expect(await host.ended()).toBe(0);
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(100);
    expect(after.books['unclassified']?.dropped).toEqual({ after_shutdown: 3 });
  });
});
