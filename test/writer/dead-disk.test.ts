import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countOf, until } from '../support/agent-rows.ts';
import { HostProcess } from '../support/host-process.ts';

interface Flushed {
  error: string | null;
  health: {
    findings: { level: string; code: string }[];
    queued: number;
    spooled: number;
    books: Record<string, { dropped: Record<string, number> }>;
  };
}

/** A full disk is made by a tmpfs of 1 MB; that takes root. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe('a disk that takes nothing', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-disk-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.runIf(canMount)(
    'because it is full: the spans go to the spool, nothing is lost, and the next process writes them',
    async (context) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]).status !== 0)
        context.skip('mount is not permitted here');
      const env = { AGENT_ID: 'w1', AI_TRACKER_SHARED_DIR: disk, HOME: folder };
      // A small record may still find room beside the database.
      const spools = [join(disk, '.spool'), join(folder, '.config', 'ai-tracker', 'spool')];
      const waiting = (): number => spools.filter((spool) => existsSync(spool)).flatMap((spool) => readdirSync(spool)).length;
      try {
        const host = new HostProcess('process-exit', 3000, env);
        expect(await host.ended()).toBe(0);
        // A full disk has no room for the -shm file that even a reader of a WAL needs.
        expect(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status).toBe(0);
        const rows = countOf(join(disk, 'w1.db'), 'task_executions', "status = 'completed'");
        expect(rows).toBeLessThan(3000);
        expect(waiting()).toBeGreaterThan(0);
        expect(host.stderr).not.toContain('being lost');
        const next = new HostProcess('flush-and-live', 1, env);
        await until('the spool is drained', () => waiting() === 0);
        next.kill();
        await next.ended();
        expect(
          countOf(join(disk, 'w1.db'), 'task_executions', "status = 'completed' AND task_id NOT LIKE '%open%'"),
        ).toBeGreaterThanOrEqual(3000);
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );

  test('nor does the spool: what is lost is counted with its reason, health is red, and it is said once', async () => {
    // A file where folders should be: neither database nor spool can be made, not even in the home.
    writeFileSync(join(folder, 'file'), '');
    const nowhere = join(folder, 'file', 'rows');
    const host = new HostProcess('shut-down-with-limit', 2000, {
      ...{
        AGENT_ID: 'w1',
        AI_TRACKER_SHARED_DIR: nowhere,
        AI_TRACKER_SPOOL_DIR: join(folder, 'file', 'spool'),
        HOME: join(folder, 'file', 'home'),
      },
      ...{ AI_TRACKER_QUEUE_MAX: '500', AI_TRACKER_BATCH_SIZE: '100' },
    });
    const { error, health } = await host.line<Flushed>();
    await host.ended();
    expect(error).not.toBe(null);
    expect(health.findings).toEqual(expect.arrayContaining([expect.objectContaining({ level: 'red', code: 'dropped' })]));
    expect(health.books['unclassified']?.dropped).toEqual({ queue_full: 2000 });
    const lines = host.stderr.split('\n').filter((line) => line.includes('being lost'));
    expect(lines.length).toBe(1);
  });
});
