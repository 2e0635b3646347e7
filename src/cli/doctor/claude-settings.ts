import { readSettingsFile, SCOPES, type Scope, settingsPath } from '../../hook/install/settings-file.ts';
import { isObject, type JsonObject, readSettings } from '../../hook/install/settings-text.ts';
import { projectFolder } from '../claude-install.ts';
import { type Finding, finding, word } from './findings.ts';
import type { Sight } from './sight.ts';

/** One settings file of Claude Code. */
export interface ClaudeSettings {
  readonly scope: Scope | 'managed';
  readonly path: string;
  readonly value: JsonObject;
}

/** Every settings file that holds for a session in this folder, the strongest first. What cannot be read is a finding. */
export function claudeSettings({ env, home, cwd, managedSettings }: Sight): { files: ClaudeSettings[]; findings: Finding[] } {
  const files: ClaudeSettings[] = [];
  const findings: Finding[] = [];
  const project = projectFolder(cwd);
  const places = [
    { scope: 'managed' as const, path: managedSettings },
    ...SCOPES.toReversed().map((scope) => ({ scope, path: settingsPath(scope, env, home, project) })),
  ];
  for (const { scope, path } of places) {
    if (files.some((file) => file.path === path)) continue;
    let why: string;
    try {
      const { bytes } = readSettingsFile(path, scope === 'managed' ? 'user' : scope);
      if (bytes === null) continue;
      const reading = readSettings(bytes);
      if (reading.status === 'read') {
        files.push({ scope, path, value: reading.value });
        continue;
      }
      why = reading.why;
    } catch (error) {
      why = `cannot be read: ${(error as Error).message}`;
    }
    findings.push(
      finding('claude-settings-unusable', `${path} ${why}; Claude Code ignores the file`, `"\${EDITOR:-vi}" ${word(path)}`),
    );
  }
  return { files, findings };
}

/** The variables that a session has: those of its environment, and above them the settings’ `env`. */
export function claudeEnv(env: NodeJS.ProcessEnv, files: readonly ClaudeSettings[]): Record<string, string | undefined> {
  const joined: Record<string, string | undefined> = { ...env };
  for (const { value } of files.toReversed()) {
    if (!isObject(value['env'])) continue;
    for (const [name, text] of Object.entries(value['env'])) if (typeof text === 'string') joined[name] = text;
  }
  return joined;
}
