import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMemory } from '../../src/attribution/open-memory.ts';
import { PACKAGED_GIT_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What a commit of five files costs in a repository of so many files and commits: `git commit` with and without our hook, in turns, the
 * hook alone, then, as CPU time, the drain of one commit, `why` of a line and `commit`. The history was made without us; what the
 * agent wrote is recorded, and so is each commit of the history, as far as the memory has a row of it.
 */

const [size, depth, folder = ''] = argumentsOf();
const [files, commits] = [Number(size), Number(depth)];
const TURNS = 15;
const ASKED = 5;
const FILES_A_COMMIT = 5;

const home = join(folder, 'home');
const bin = join(home, 'bin');
const hooks = join(home, 'hooks');
const top = join(folder, `repo-${files}`);
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const env = {
  ...{ PATH: `${bin}:${process.env['PATH']}`, HOME: home, AGENT_ID: 'bench', GIT_CONFIG_NOSYSTEM: '1' },
  AI_TRACKER_SHARED_DIR: join(home, 'tracking'),
};
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid', ...args], {
    ...{ cwd: top, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  }).trim();

const pathOf = (n: number): string => `package-${Math.floor(n / 2000)}/part-${Math.floor(n / 20) % 100}/file-${n}.ts`;
const textOf = (n: number, change: number): string =>
  `export const value${n} = ${n};\n`.repeat(20) + `export const change = ${change};\n`;

/** All files in the first commit, then five changed by each. */
function makeRepository(): void {
  for (const made of [bin, hooks, top, join(home, 'tracking')]) mkdirSync(made, { recursive: true });
  // The drain that a hook starts is measured by itself.
  writeFileSync(join(bin, 'ai-tracker'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  writeFileSync(join(hooks, 'post-commit'), `#!/bin/sh\nexec sh "${PACKAGED_GIT_SCRIPT}" post-commit "$@"\n`, { mode: 0o755 });
  git('init', '-q', '-b', 'main');
  const stream: string[] = [];
  const put = (path: string, text: string): number => stream.push(`M 100644 inline ${path}\ndata ${text.length}\n${text}\n`);
  for (let c = 0; c < commits; c++) {
    stream.push(`commit refs/heads/main\ncommitter Bench <bench@example.invalid> ${1_600_000_000 + c * 60} +0000\ndata 1\nc\n`);
    if (c === 0) for (let n = 0; n < files; n++) put(pathOf(n), textOf(n, 0));
    else for (let n = 0; n < FILES_A_COMMIT; n++) put(pathOf((c * 7 + n) % files), textOf((c * 7 + n) % files, c));
  }
  const ran = spawnSync('git', ['fast-import', '--quiet'], { cwd: top, env, input: stream.join('') });
  if (ran.status !== 0) throw new Error(`git fast-import: ${ran.stderr}`);
  git('-c', 'core.fsync=none', 'reset', '-q', '--hard');
  git('update-index', '--refresh');
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

/** CPU of a command and of all that it starts and waits for, ms. */
function cpuMs(...args: string[]): number {
  const file = join(home, 'times');
  const ran = spawnSync('sh', ['-c', `"$@" >/dev/null; times >"${file}"`, 'sh', process.execPath, MAIN, ...args], {
    cwd: top,
    env,
  });
  if (ran.status !== 0) throw new Error(`${args.join(' ')}: ${ran.stderr}`);
  const [, children = ''] = readFileSync(file, 'utf8').split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + (Number(m) * 60 + Number(s)) * 1000, 0);
}

let calls = 0;
const fileOfTurn = (turn: number): string => pathOf((turn * 11) % files);

/** As Claude Code's hook does after an edit. */
function agentEdits(path: string): void {
  calls += 1;
  const file = join(top, path);
  const before = readFileSync(file, 'utf8');
  const content = `${before}export const written${calls} = compute(${calls});\n`;
  writeFileSync(file, content);
  const told = {
    ...{ hook_event_name: 'PostToolUse', session_id: 's1', cwd: top, tool_name: 'Write', tool_use_id: `toolu_${calls}` },
    tool_input: { file_path: file, content },
    tool_response: { type: 'update', filePath: file, content, structuredPatch: [], originalFile: before },
  };
  spawnSync(process.execPath, [MAIN, 'hook', 'claude'], { cwd: top, env, input: JSON.stringify(told) });
}

function change(turn: number): void {
  for (let n = 0; n < FILES_A_COMMIT; n++) {
    const path = pathOf((turn * 11 + n) % files);
    if (n === 0) agentEdits(path);
    else appendFileSync(join(top, path), `export const turn = ${turn};\n`);
  }
  for (let n = 0; n < FILES_A_COMMIT; n++) git('add', pathOf((turn * 11 + n) % files));
}

/** As if each commit had been told of when it was made. */
function rememberHistory(): void {
  const { db, close } = openMemory(join(top, '.git'), 5000).file;
  const put = db.prepare<[string, number, string]>(
    "INSERT OR IGNORE INTO commits (sha, at_ms, author_key, subject, is_seen, body, is_live, is_written) VALUES (?, ?, ?, '', 1, '{}', 1, 1)",
  );
  db.transaction(() =>
    git('rev-list', 'HEAD~1')
      .split('\n')
      .forEach((sha, n) => put.run(sha, 1_600_000_000_000 - n, sha)),
  )();
  close();
}

makeRepository();
try {
  const times = { bare: [] as number[], hooked: [] as number[], hook: [] as number[], drain: [] as number[] };
  for (let turn = 0; turn < TURNS; turn++) {
    change(turn * 2);
    const bare = timed(() => git('-c', 'core.hooksPath=/dev/null', 'commit', '-qm', 'bare'));
    const hook = timed(() => void spawnSync('sh', [join(hooks, 'post-commit')], { cwd: top, env }));
    cpuMs('hook', 'drain');
    change(turn * 2 + 1);
    const hooked = timed(() => git('-c', `core.hooksPath=${hooks}`, 'commit', '-qm', 'hooked'));
    const drain = cpuMs('hook', 'drain');
    // The first makes the memory.
    if (turn === 0) {
      rememberHistory();
      continue;
    }
    for (const [name, ms] of Object.entries({ bare, hooked, hook, drain })) times[name as keyof typeof times].push(ms);
  }
  const asked = (...args: string[]): number => median(Array.from({ length: ASKED }, () => cpuMs(...args)));
  const path = fileOfTurn(TURNS * 2 - 1);
  const line = readFileSync(join(top, path), 'utf8').split('\n').length - 1;
  report({
    ...Object.fromEntries(Object.entries(times).map(([name, all]) => [`${name}Ms`, median(all)])),
    hookedOverBare: median(times.hooked.map((ms, i) => ms / (times.bare[i] ?? Number.NaN))),
    whyMs: asked('why', `${path}:${line}`),
    commitMs: asked('commit', 'HEAD'),
    statsMs: asked('stats'),
  });
} finally {
  rmSync(top, { recursive: true, force: true });
}
