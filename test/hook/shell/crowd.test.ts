import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { homeSpool, hooksIn, POST_EDIT, recordsIn, runHook } from './shell-hook.ts';

test('forty first hooks at once, on a machine without any folder, make forty records', async () => {
  const home = scratchFolder();
  const events = Array.from({ length: 40 }, (_, i) => JSON.stringify({ n: i, text: 'x'.repeat(i * 1000) }));
  const runs = await Promise.all(events.map((input) => runHook({ env: { HOME: home }, input })));
  expect(runs.filter(({ code, output }) => code !== 0 || output !== '')).toEqual([]);
  expect(
    hooksIn(homeSpool(home))
      .map(({ payload }) => payload)
      .toSorted(),
  ).toEqual(events.toSorted());
});

test('a hook killed at any instant leaves a whole record or none, and loses none that had exited', async () => {
  const home = scratchFolder();
  const spool = homeSpool(home);
  const text = 'x'.repeat(300_000);
  const exited: number[] = [];
  const KILLS = 300;
  // How long one takes here and now: kills are spread over it, and a little beyond.
  const begun = performance.now();
  await runHook({ env: { HOME: home }, input: JSON.stringify({ n: -1, text }) });
  const span = performance.now() - begun;

  let killed = 0;
  const one = async (n: number): Promise<void> => {
    // In a group of its own, so that cat and mv are killed too.
    const child = spawn('sh', ['-c', POST_EDIT], { env: { PATH: process.env['PATH'], HOME: home }, detached: true });
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ n, text }));
    const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
    await sleep(span * 1.3 * Math.random());
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // It had exited, and its group with it.
    }
    if ((await ended) === 0) exited.push(n);
    else killed += 1;
  };
  for (let n = 0; n < KILLS; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(one));

  expect(killed).toBeGreaterThan(KILLS / 10);
  expect(exited.length).toBeGreaterThan(KILLS / 20);
  const found = hooksIn(spool).map(({ payload }) => JSON.parse(payload) as { n: number; text: string });
  expect(found.every((event) => event.text === text)).toBe(true);
  expect(new Set(found.map(({ n }) => n)).size).toBe(found.length);
  expect(exited.filter((n) => !found.some((event) => event.n === n))).toEqual([]);
  // What was torn lies under names that nobody reads.
  const others = readdirSync(spool).filter((name) => !recordsIn(spool).includes(name));
  expect(others.filter((name) => !(name.startsWith('.') && name.endsWith('.hook.tmp')))).toEqual([]);
});
