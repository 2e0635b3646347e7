import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hooksBlock, type MatcherGroup } from '../../../src/hook/install/hook-entries.ts';
import { PACKAGED_SCRIPT } from '../../../src/hook/install/hook-script.ts';
import { readRecordFile } from '../../../src/spool/read-record.ts';
import type { SpooledHook } from '../../../src/spool/spool-record.ts';

/** The command that `install` writes for an event, as Claude Code gives it to `sh -c`. */
export function hookCommand(event: string, matcher?: string, script: string = PACKAGED_SCRIPT): string {
  const groups: readonly MatcherGroup[] = hooksBlock({ what: 'script', path: script }, null)[event] ?? [];
  const handler = groups.find((group) => group.matcher === matcher)?.hooks[0];
  if (handler?.type !== 'command') throw new Error(`no command for ${event} ${matcher}`);
  return handler.command;
}

export const EDIT_TOOLS = 'Edit|Write|MultiEdit';
export const POST_EDIT = hookCommand('PostToolUse', EDIT_TOOLS);

/** POSIX shells of this machine, each as Claude Code or a system might call it. */
export const SHELLS: readonly (readonly [string, ...string[]])[] = (
  [['sh'], ['dash'], ['bash', '--posix'], ['bash'], ['busybox', 'ash'], ['zsh', '--emulate', 'sh'], ['mksh'], ['yash']] as const
).filter(([shell, ...args]) => spawnSync(shell, [...args, '-c', ':']).status === 0);

export interface HookRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export interface HookOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array | null;
  readonly command?: string;
  readonly shell?: readonly [string, ...string[]];
  readonly cwd?: string;
  /** As this user and group, where we are root. */
  readonly user?: number;
}

/** Runs a hook as Claude Code does, and waits until nobody holds its pipes any more. `input` null: stdin is closed. */
export function runHook({ env, input = '{}', command = POST_EDIT, shell = ['sh'], cwd, user }: HookOptions): Promise<HookRun> {
  const [program, ...args] = shell;
  const text = input === null ? `{ ${command}; } <&-` : command;
  const child = spawn(program, [...args, '-c', text], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    ...(user !== undefined && process.getuid?.() === 0 ? { uid: user, gid: user } : {}),
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (output += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (output += piece));
  // A hook that refuses its event does not read it.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => done({ code, signal, output }));
  });
}

export const homeSpool = (home: string): string => join(home, '.config', 'ai-tracker', 'spool');

/** Names of the records in a folder; none where there is no folder. */
export function recordsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.hook'));
  } catch {
    return [];
  }
}

/** The records of a folder, read as drains read them. @throws where one is not whole */
export const hooksIn = (folder: string): SpooledHook[] =>
  recordsIn(folder).map((name) => {
    const reading = readRecordFile(folder, name);
    if (reading.what !== 'record' || reading.record.kind !== 'hook') throw new Error(`${name}: ${JSON.stringify(reading)}`);
    return reading.record;
  });
