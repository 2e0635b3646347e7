import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { homeSpool, hookCommand, recordsIn, runHook } from './shell-hook.ts';

const STOP = hookCommand('Stop');
const SESSION_END = hookCommand('SessionEnd');

/** A program that says how it was called, then waits until it is let go. */
interface FakeDrain {
  readonly home: string;
  readonly path: string;
  readonly calls: () => string[];
  readonly letGo: () => void;
}

function fakeDrain(folderName = 'bin'): FakeDrain {
  const home = scratchFolder();
  const bin = join(home, folderName);
  mkdirSync(bin, { recursive: true });
  const [said, gate] = [join(home, 'said'), join(home, 'gate')];
  execFileSync('mkfifo', [gate]);
  const program = join(bin, 'ai-tracker');
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >>'${said}'\nread -r line <'${gate}'\n`);
  chmodSync(program, 0o755);
  return {
    home,
    path: `${bin}:${process.env['PATH']}`,
    calls: () => (existsSync(said) ? readFileSync(said, 'utf8').trim().split('\n') : []),
    letGo: () => writeFileSync(gate, 'go\n'),
  };
}

async function eventually(what: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !what(); ) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe('at the end of a turn', () => {
  test('a hook starts a drain of what was spooled and does not wait for it', async () => {
    const { home, path, calls, letGo } = fakeDrain();
    const env = { HOME: home, PATH: path };
    await runHook({ env });
    // Returns although the drain still runs: nobody holds the hook's pipes.
    expect(await runHook({ env, command: STOP, input: '{"last_assistant_message":"secret"}' })).toEqual({
      code: 0,
      signal: null,
      output: '',
    });
    await eventually(() => calls().length === 1);
    expect(calls()).toEqual([`${home}/bin/ai-tracker hook drain`]);
    // The end of a turn has no row, and what the model said last does not lie about.
    expect(recordsIn(homeSpool(home))).toHaveLength(1);
    letGo();
    await eventually(() => !existsSync(join(homeSpool(home), '.draining')));
  });

  test('one drain runs at a time, and the next may start when it has ended', async () => {
    const { home, path, calls, letGo } = fakeDrain();
    const env = { HOME: home, PATH: path };
    await runHook({ env });
    await Promise.all(Array.from({ length: 8 }, () => runHook({ env, command: STOP })));
    await eventually(() => calls().length === 1);
    await runHook({ env, command: STOP });
    expect(calls()).toHaveLength(1);
    letGo();
    await eventually(() => !existsSync(join(homeSpool(home), '.draining')));
    await runHook({ env, command: STOP });
    await eventually(() => calls().length === 2);
    letGo();
  });

  test('a drain that was killed holds up the others for a minute, not for ever', async () => {
    const { home, path, calls, letGo } = fakeDrain();
    const env = { HOME: home, PATH: path };
    await runHook({ env });
    const lock = join(homeSpool(home), '.draining');
    mkdirSync(lock);
    await runHook({ env, command: STOP });
    const old = Date.now() / 1000 - 130;
    utimesSync(lock, old, old);
    await runHook({ env, command: STOP });
    await eventually(() => calls().length > 0);
    expect(calls()).toHaveLength(1);
    letGo();
  });

  test('nothing is started where nothing is spooled', async () => {
    const { home, path, calls } = fakeDrain();
    const env = { HOME: home, PATH: path };
    await runHook({ env, command: STOP });
    expect(existsSync(homeSpool(home))).toBe(false);
    // A drain that had been started would have made the lock before its hook exited.
    mkdirSync(homeSpool(home), { recursive: true });
    await runHook({ env, command: STOP });
    expect(existsSync(join(homeSpool(home), '.draining'))).toBe(false);
    expect(calls()).toEqual([]);
  });
});

describe('the program that drains', () => {
  test('is the one that installed the script, before any other of that name', async () => {
    const installed = fakeDrain('installed');
    const other = fakeDrain();
    const hooks = join(installed.home, '.config/ai-tracker/hooks');
    mkdirSync(hooks, { recursive: true });
    writeFileSync(join(hooks, 'ai-tracker-command'), `/bin/sh\n${installed.home}/installed/ai-tracker\n`);
    const env = { HOME: installed.home, PATH: other.path };
    await runHook({ env, command: SESSION_END });
    await eventually(() => installed.calls().length === 1);
    expect(installed.calls()[0]).toBe(`${installed.home}/installed/ai-tracker hook drain`);
    expect(other.calls()).toEqual([]);
    expect(recordsIn(homeSpool(installed.home))).toHaveLength(1);
    installed.letGo();
  });

  test('is looked for on PATH where that one has gone', async () => {
    const { home, path, calls, letGo } = fakeDrain();
    const hooks = join(home, '.config/ai-tracker/hooks');
    mkdirSync(hooks, { recursive: true });
    writeFileSync(join(hooks, 'ai-tracker-command'), `${home}/gone/node\n${home}/gone/main.js\n`);
    await runHook({ env: { HOME: home, PATH: path }, command: SESSION_END });
    await eventually(() => calls().length === 1);
    letGo();
  });

  test('is never one in npx’s cache', async () => {
    const { home, path, calls } = fakeDrain('.npm/_npx/abc/node_modules/.bin');
    await runHook({ env: { HOME: home, PATH: path }, command: SESSION_END });
    expect(existsSync(join(homeSpool(home), '.draining'))).toBe(false);
    expect(calls()).toEqual([]);
  });
});
