import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hooksBlock } from '../../src/hook/install/hook-entries.ts';
import { PACKAGED_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What a hook costs the agent: whole processes, started as Claude Code starts them, with an event of 4 kB on stdin, in a git work
 * tree. They take turns, so that all meet the same neighbours on a shared machine. `alone`: medians of one at a time; `crowd`:
 * twenty at once, the slowest.
 */

const TURNS = 150;
const CROWD = 20;
const CROWD_TURNS = 15;

const [how] = argumentsOf();
const home = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
const env = { PATH: process.env['PATH'], HOME: home, AGENT_ID: 'bench', AI_TRACKER_TASK_ID: 'task' };
const event = JSON.stringify({ hook_event_name: 'PostToolUse', tool_name: 'Edit', text: 'x'.repeat(4000) });

const handler = hooksBlock({ what: 'script', path: PACKAGED_SCRIPT }, null)['PostToolUse']?.[0]?.hooks[0];
if (handler?.type !== 'command') throw new Error('PostToolUse has no command');
const hook = ['sh', '-c', handler.command];
const COMPETITORS: Readonly<Record<string, readonly string[]>> = {
  hook,
  floor: ['sh', '-c', ':'],
  cat: ['sh', '-c', 'cat >/dev/null'],
  node: [process.execPath, '-e', '0'],
  python: ['python3', '-c', 'pass'],
};

const hasPython = spawnSync('python3', ['-c', 'pass']).status === 0;

/** Milliseconds until it has ended and nobody holds its pipes. */
function once(command: readonly string[]): Promise<number> {
  const [program = '', ...args] = command;
  const begun = performance.now();
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(event);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', () => done(performance.now() - begun));
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const spooled = (): number => {
  try {
    return readdirSync(join(home, '.config/ai-tracker/spool')).filter((name) => name.endsWith('.hook')).length;
  } catch {
    return 0;
  }
};

try {
  if (how === 'alone') {
    const names = Object.keys(COMPETITORS).filter((name) => name !== 'python' || hasPython);
    const times: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
    for (let i = 0; i < TURNS; i++) for (const name of names) times[name]?.push(await once(COMPETITORS[name] ?? []));
    const medians = Object.fromEntries(names.map((name) => [`${name}Ms`, median(times[name] ?? [])]));
    if (spooled() !== TURNS) throw new Error(`${TURNS - spooled()} events were lost`);
    report({ pythonMs: Number.NaN, ...medians });
  } else {
    const slowest: Record<'hook' | 'cat', number[]> = { hook: [], cat: [] };
    const crowd = async (command: readonly string[]): Promise<number> =>
      Math.max(...(await Promise.all(Array.from({ length: CROWD }, () => once(command)))));
    await crowd(hook);
    for (let i = 0; i < CROWD_TURNS; i++) {
      slowest.hook.push(await crowd(hook));
      slowest.cat.push(await crowd(COMPETITORS['cat'] ?? []));
    }
    report({ hookMs: median(slowest.hook), catMs: median(slowest.cat), lost: CROWD * (CROWD_TURNS + 1) - spooled() });
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
