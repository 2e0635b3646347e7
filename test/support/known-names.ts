import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../../src/model/settings.ts';
import { SERVE_SETTINGS } from '../../src/receiver/serve-settings.ts';
import { HOOK_VARIABLES } from '../../src/spool/hook-environment.ts';

/** Every environment variable of ours that something reads; the endpoint is that of hooks that send. */
export const knownVariables: ReadonlySet<string> = new Set([
  ...[...SETTINGS, ...SERVE_SETTINGS].flatMap((setting) => [...setting.env]),
  ...HOOK_VARIABLES,
  'AI_TRACKER_ENDPOINT',
]);

/** Variables of ours that a text names. */
export const variablesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/\bAI_TRACKER_[A-Z_]*[A-Z]\b/g)].map(([name]) => name)),
];

/** Options of a command, as docs/cli.md has them, which is what its --help prints. */
export function optionsOf(command: string): ReadonlySet<string> {
  const text = readFileSync(fileURLToPath(new URL('../../docs/cli.md', import.meta.url)), 'utf8');
  const section = new RegExp(`^## ai-tracker ${command}\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(text)?.[1] ?? '';
  return new Set([...section.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option ?? ''));
}

/** Options behind `ai-tracker serve` in a text, up to the end of the line or of the code. */
export const serveOptionsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/ai-tracker serve([^`\n]*)/g)].flatMap(([, rest = '']) => rest.match(/--[a-z-]+/g) ?? [])),
];
