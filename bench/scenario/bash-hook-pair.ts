import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hooksBlock } from '../../src/hook/install/hook-entries.ts';
import { PACKAGED_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What the two hooks around a command cost the agent in a repository of so many files: whole processes, started as Claude Code starts
 * them, beside `git status` in the same work tree, in turns. `pair`: the command changes nothing; `changed`: it changes one file. A
 * tenth of the files are ignored, and one is untracked. `OverStatus` is a median of what each turn says by itself, so that what else the
 * machine does weighs on both sides of it.
 */

const [size, folder = ''] = argumentsOf();
const files = Number(size);
const TURNS = files > 10_000 ? 9 : 60;
/** They warm caches and keep the first state, and the first state after the drain at the end of a turn. */
const WARM_TURNS = 2;
const FILES_A_FOLDER = 20;

const home = join(folder, 'home');
const top = join(folder, `repo-${files}`);
const slow = join(top, '.git/ai-tracker/snapshots/slow-main');
const env = { PATH: process.env['PATH'], HOME: home, AGENT_ID: 'bench', GIT_CONFIG_NOSYSTEM: '1' };
const git = (...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid', ...args], { cwd: top, env });
};

const pathOf = (n: number): string =>
  join(top, `package-${Math.floor(n / 2000)}/src/part-${Math.floor(n / FILES_A_FOLDER) % 100}/file-${n}.ts`);

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

function makeRepository(): void {
  mkdirSync(home, { recursive: true });
  mkdirSync(top);
  git('init', '-q');
  for (let n = 0; n < files; n++) {
    const path = pathOf(n);
    if (n % FILES_A_FOLDER === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `export const value${n} = ${n};\n`.repeat(5));
    utimesSync(path, 1_700_000_000, 1_700_000_000);
  }
  for (let n = 0; n < files / 10; n++) {
    const path = join(top, `node_modules/module-${Math.floor(n / FILES_A_FOLDER)}/file-${n}.js`);
    if (n % FILES_A_FOLDER === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
  }
  writeFileSync(join(top, '.gitignore'), 'node_modules/\n');
  git('-c', 'core.looseCompression=0', '-c', 'core.fsync=none', 'add', '-A');
  git('-c', 'core.fsync=none', '-c', 'gc.auto=0', 'commit', '-qm', 'all');
  writeFileSync(join(top, 'untracked.txt'), 'one line\n');
}

const commandOf = (event: string): string => {
  const handler = hooksBlock({ what: 'script', path: PACKAGED_SCRIPT }, null)[event]?.find(({ matcher }) =>
    matcher?.startsWith('Bash'),
  )?.hooks[0];
  if (handler?.type !== 'command') throw new Error(`${event} has no command`);
  return handler.command;
};

/** Milliseconds until it has ended and nobody holds its pipes. */
function once(command: string, input: string): Promise<number> {
  const begun = performance.now();
  const child = spawn('sh', ['-c', command], { cwd: top, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  child.stdout.resume();
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', () => done(performance.now() - begun));
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

makeRepository();
try {
  const [pre, post] = [commandOf('PreToolUse'), commandOf('PostToolUse')];
  const event = JSON.stringify({ hook_event_name: 'PostToolUse', tool_name: 'Bash', text: 'x'.repeat(1000) });
  const times = { status: [] as number[], pair: [] as number[], changed: [] as number[], plain: [] as number[] };
  const plainPair = `AI_TRACKER_SNAPSHOTS=off; ${post}`;
  let missed = 0;
  for (let i = 0; i < TURNS + WARM_TURNS; i++) {
    const status = await once('git status', '');
    const pair = (await once(pre, event)) + (await once(post, event));
    const plain = (await once(plainPair, event)) * 2;
    const before = await once(pre, event);
    appendFileSync(pathOf(i), `changed ${i}\n`);
    const changed = before + (await once(post, event));
    // On a machine with much else to do, git takes longer than hooks wait: what they do then is no measure.
    if (existsSync(slow)) {
      rmSync(slow);
      missed += 1;
      continue;
    }
    if (i === 0) execFileSync(process.execPath, [MAIN, 'hook', 'drain'], { cwd: top, env });
    if (i < WARM_TURNS) continue;
    for (const [name, ms] of Object.entries({ status, pair, changed, plain })) times[name as keyof typeof times].push(ms);
  }
  const overStatus = (all: readonly number[]): number => median(all.map((ms, i) => ms / (times.status[i] ?? Number.NaN)));
  report({
    missed,
    ...Object.fromEntries(Object.entries(times).map(([name, all]) => [`${name}Ms`, median(all)])),
    pairOverStatus: overStatus(times.pair),
    changedOverStatus: overStatus(times.changed),
  });
} finally {
  rmSync(top, { recursive: true, force: true });
}
