import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countOf } from '../support/agent-rows.ts';
import { HostProcess } from '../support/host-process.ts';

interface Measured {
  made: number;
  p99Ms: number;
  maxMs: number;
  while: { queued: number; findings: { code: string; level: string }[] } | null;
  after: { queued: number; spooled: number; findings: unknown[] } | null;
}

const LOCKED_MS = 2500;

describe('a file that another process has locked', () => {
  let folder: string;
  let file: string;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-locked-'));
    file = join(folder, 'w1.db');
    env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: folder, HOME: folder };
    await new HostProcess('process-exit', 1, env).ended();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function underLock(more: Record<string, string>): Promise<Measured> {
    const locker = new Database(file);
    locker.exec('BEGIN EXCLUSIVE');
    const host = new HostProcess('steady-load', 0, { ...env, ...more });
    await host.line();
    await sleep(LOCKED_MS); // The length of the lock is the input of this test.
    host.child.stdin?.end();
    await sleep(50);
    locker.exec('ROLLBACK');
    locker.close();
    const measured = await host.line<Measured>();
    expect(await host.ended()).toBe(0);
    return measured;
  }

  test('does not stall the event loop of the host, and every row is there once it is free', async () => {
    const without = await underLock({ HOST_APP_WITHOUT_US: '1' });
    const withUs = await underLock({});
    // A writer that waited for the lock on the host's thread would show the lock's whole length.
    expect(withUs.maxMs).toBeLessThan(Math.max(without.maxMs * 5, LOCKED_MS / 5));
    expect(withUs.p99Ms).toBeLessThan(Math.max(without.p99Ms * 3, 30));
    expect(withUs.while?.queued).toBe(withUs.made);
    expect(withUs.while?.findings).toEqual([expect.objectContaining({ code: 'write-failed', level: 'amber' })]);
    expect(withUs.after).toMatchObject({ queued: 0, spooled: 0, findings: [] });
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(1 + withUs.made);
  });

  test('sends what is beyond the queue to the spool, and all of it comes back', async () => {
    const measured = await underLock({ AI_TRACKER_QUEUE_MAX: '1000', AI_TRACKER_BATCH_SIZE: '100' });
    expect(measured.made).toBeGreaterThan(2000);
    expect(measured.while?.findings).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'spooled' })]));
    expect(measured.after).toMatchObject({ queued: 0, spooled: 0 });
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(1 + measured.made);
  });
});
