import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/scratch-folder.ts';
import { aiTracker } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = `${root}src/cli/main.ts`;
const BUILT = `${root}dist/cli/main.js`;

/** A Node before 22 that is installed on this machine, if any: CI images and developers' machines often have one. */
const oldNode = [process.env['OLD_NODE'], '/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  if (path === undefined || !existsSync(path)) return false;
  return Number.parseInt(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout, 10) < 22;
});

describe('the command', () => {
  it('whose reader has seen enough ends without a word', async () => {
    const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, stderr]).toEqual([0, '']);
  });

  it('without a command says on stderr which there are, and exits 2', async () => {
    const { code, stdout, stderr } = await aiTracker([], { home: scratchFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('ingest');
  });

  it('guesses which command was meant only where one is near', async () => {
    const home = scratchFolder();
    expect((await aiTracker(['igest'], { home })).stderr).toContain('`ingest`');
    expect((await aiTracker(['frobnicate'], { home })).stderr).toContain('--help');
  });

  it('warns of a variable that it cannot read and goes on', async () => {
    const { code, stderr } = await aiTracker(['ingest', '-'], {
      home: scratchFolder(),
      env: { AI_TRACKER_MAX_MB: 'lots' },
      input: '{}',
    });
    expect(code).toBe(0);
    expect(stderr).toContain('AI_TRACKER_MAX_MB');
  });

  it('says in one line that SQLite’s native module does not load, exits 3, and still tells how it is used', async () => {
    const env = { NODE_OPTIONS: '--no-addons' };
    const home = scratchFolder();
    for (const args of [['tasks'], ['ingest', '-']]) {
      const { code, stdout, stderr } = await aiTracker(args, { home, env });
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/^ai-tracker: [^\n]*better-sqlite3[^\n]*\n$/);
    }
    expect((await aiTracker(['tasks', '--help'], { home, env })).code).toBe(0);
  });

  it.runIf(oldNode !== undefined && existsSync(BUILT))('on a Node that is too old says so in one line and exits 3', () => {
    for (const args of [[], ['ingest', 'x'], ['--version']]) {
      const run = spawnSync(oldNode as string, [BUILT, ...args], { encoding: 'utf8' });
      expect([run.status, run.signal, run.stdout]).toEqual([3, null, '']);
      expect(run.stderr).toMatch(/^ai-tracker: needs Node 22 [^\n]*\n$/);
    }
  });
});
