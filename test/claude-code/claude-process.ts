import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PACKAGES = fileURLToPath(new URL('node_modules/@anthropic-ai/', import.meta.url));

/** The program of this platform's package; npm installs no other. Null before `npm ci` in this folder. */
export function claudeProgram(): string | null {
  if (!existsSync(PACKAGES)) return null;
  const name = readdirSync(PACKAGES).find((name) => existsSync(`${PACKAGES}${name}/claude`));
  return name === undefined ? null : `${PACKAGES}${name}/claude`;
}

export interface ClaudeRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClaudeOptions {
  readonly cwd: string;
  /** Its only home: settings, sessions and hooks lie below. */
  readonly home: string;
  readonly modelUrl: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Sees the process when it has started. */
  readonly onStart?: (child: ChildProcess) => void;
}

export const configFolder = (home: string): string => `${home}/claude-config`;

/** `claude -p PROMPT`, which speaks to nobody but the scripted model and what `env` names. */
export async function claude(
  prompt: string,
  { cwd, home, modelUrl, args = [], env = {}, onStart }: ClaudeOptions,
): Promise<ClaudeRun> {
  const child = spawn(claudeProgram() ?? 'claude', ['-p', prompt, ...args], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      CLAUDE_CONFIG_DIR: configFolder(home),
      ANTHROPIC_API_KEY: 'sk-ant-not-a-key',
      ANTHROPIC_BASE_URL: modelUrl,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
