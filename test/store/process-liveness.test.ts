import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isProcessAlive, lastWriteMs, ownProcessStart, parseProcessStat } from '../../src/store/process-liveness.ts';
import { currentSession } from '../../src/writer/process-session.ts';

const children: ChildProcess[] = [];
async function start(command: string, args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const onLinux = existsSync('/proc/self/stat');

describe('a process', () => {
  it('is alive while it runs and not after SIGKILL', async () => {
    const child = await start('sleep', ['60']);
    expect(isProcessAlive(child.pid, null)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isProcessAlive(child.pid, null)).toBe(false);
  });
  it.runIf(onLinux)('is dead when killed but not yet waited for', async () => {
    // The shell starts a child, kills it and becomes `sleep`, which never waits: the child stays a zombie.
    const parent = await start('sh', ['-c', 'sleep 50 & echo $!; kill -9 $!; exec sleep 60']);
    const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await expect.poll(() => isProcessAlive(zombie, null)).toBe(false);
  });
  it.runIf(onLinux)('is not the one that had its pid before', () => {
    expect(isProcessAlive(process.pid, ownProcessStart())).toBe(true);
    expect(isProcessAlive(process.pid, '1')).toBe(false);
  });
  it('of no possible pid is dead', () => {
    for (const pid of [0, -1, 1.5, Number.NaN]) expect(isProcessAlive(pid, null)).toBe(false);
  });
});

it('the start time is read behind a command name with brackets and spaces', () => {
  const rest = Array.from({ length: 30 }, (_, i) => String(i + 3));
  expect(parseProcessStat(`12 (a) b (c) ${['S', ...rest.slice(1)].join(' ')}`)).toEqual({ state: 'S', startedAt: '22' });
});

it('the session of this process is told once and stays', () => {
  const session = currentSession();
  expect(currentSession()).toBe(session);
  expect(session.pid).toBe(process.pid);
  expect(session.id).toMatch(/^[0-9a-f-]{36}$/);
  if (onLinux) expect([session.bootId, session.pidNamespace, session.processStartedAt]).not.toContain(null);
});

it('the last write of a database counts its log, but not an empty one', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'last-write-')), 'a.db');
  expect(lastWriteMs(file)).toBe(0);
  writeFileSync(file, 'x');
  utimesSync(file, 1000, 1000);
  writeFileSync(`${file}-wal`, '');
  expect(lastWriteMs(file)).toBe(1_000_000);
  writeFileSync(`${file}-wal`, 'x');
  utimesSync(`${file}-wal`, 2000, 2000);
  expect(lastWriteMs(file)).toBe(2_000_000);
});
