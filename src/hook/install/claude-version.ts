import { readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/**
 * Which Claude Code is installed, without starting it: the native one lies in a folder or file named by its version, npm's beside
 * its package.json. Null where none is found.
 */
export function claudeVersion(env: NodeJS.ProcessEnv, home: string): string | null {
  const folders = [...(env['PATH'] ?? '').split(delimiter), join(home, '.local', 'bin'), join(home, '.claude', 'local')];
  for (const folder of folders) {
    if (folder === '') continue;
    const version = versionOf(join(folder, 'claude'));
    if (version !== null) return version;
  }
  return packageVersion(join(home, '.claude', 'local', 'node_modules', '@anthropic-ai', 'claude-code'));
}

function versionOf(command: string): string | null {
  let real: string;
  try {
    real = realpathSync(command);
  } catch {
    return null;
  }
  const named = /[/\\]versions[/\\](\d+\.\d+\.\d+)/.exec(real)?.[1];
  if (named !== undefined) return named;
  for (let folder = dirname(real), up = 0; up < 3; folder = dirname(folder), up++) {
    const version = packageVersion(folder);
    if (version !== null) return version;
  }
  return null;
}

function packageVersion(folder: string): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    return typeof name === 'string' && name.startsWith('@anthropic-ai/claude-code') && typeof version === 'string'
      ? version
      : null;
  } catch {
    return null;
  }
}
