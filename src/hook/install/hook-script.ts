import { existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWhole } from './write-whole.ts';

/** The script as the package has it. */
export const PACKAGED_SCRIPT = fileURLToPath(new URL('../shell/claude-hook.sh', import.meta.url));

/** Where the copy lies that settings name: it stays when the package goes, and does nothing then but spool. */
export const scriptPath = (configFolder: string): string => join(configFolder, 'hooks', 'claude-hook.sh');

export const PACKAGED_GIT_SCRIPT = fileURLToPath(new URL('../shell/git-hook.sh', import.meta.url));

/** The same for hooks of git; it reads the other one, beside it. */
export const gitScriptPath = (configFolder: string): string => join(configFolder, 'hooks', 'git-hook.sh');

/** Two lines: the Node and the program by which the script starts a drain. */
export const drainCommandPath = (configFolder: string): string => join(configFolder, 'hooks', 'ai-tracker-command');

export type DrainCommand =
  | { readonly what: 'program'; readonly node: string; readonly program: string }
  /** npx throws away what it runs, so nothing may be left that names it. */
  | { readonly what: 'npx' };

/** @param program the file that runs now, as it was called */
export function drainCommandOf(node: string, program: string): DrainCommand {
  const real = existsSync(program) ? realpathSync(program) : program;
  return /[/\\]_npx[/\\]/.test(real) ? { what: 'npx' } : { what: 'program', node, program: real };
}

/** @returns whether anything had to be written. @throws the file system's error */
export function copyScript(configFolder: string, drain: DrainCommand): boolean {
  const folder = dirname(scriptPath(configFolder));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copied = put(scriptPath(configFolder), readFileSync(PACKAGED_SCRIPT), 0o755);
  // What an older install named may still work; npx only adds nothing.
  if (drain.what === 'npx') return copied;
  return put(drainCommandPath(configFolder), Buffer.from(`${drain.node}\n${drain.program}\n`), 0o600) || copied;
}

/** What hooks of git run. @returns whether anything had to be written. @throws the file system's error */
export function copyGitScript(configFolder: string, drain: DrainCommand): boolean {
  const copied = copyScript(configFolder, drain);
  return put(gitScriptPath(configFolder), readFileSync(PACKAGED_GIT_SCRIPT), 0o755) || copied;
}

export function removeGitScript(configFolder: string): void {
  rmSync(gitScriptPath(configFolder), { force: true });
}

function put(path: string, bytes: Buffer, mode: number): boolean {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return false;
  writeWhole(path, bytes, mode);
  return true;
}

/** Sessions that still run look for the script before they read it. @returns whether there was one */
export function removeScript(configFolder: string): boolean {
  const had = existsSync(scriptPath(configFolder));
  for (const path of [scriptPath(configFolder), drainCommandPath(configFolder)]) {
    try {
      unlinkSync(path);
    } catch {
      // Not there.
    }
  }
  for (const folder of [join(configFolder, 'hooks'), configFolder]) {
    try {
      rmdirSync(folder);
    } catch {
      break; // Something else lies in it.
    }
  }
  return had;
}
