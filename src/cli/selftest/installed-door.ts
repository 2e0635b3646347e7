import { randomUUID } from 'node:crypto';
import { allHandlers } from '../../hook/install/hook-changes.ts';
import { isOurs } from '../../hook/install/hook-entries.ts';
import { claudeSettings } from '../doctor/claude-settings.ts';
import { managedSettingsPath, realDisk } from '../doctor/sight.ts';
import { postHook } from '../post-hook.ts';
import type { Bench, Door, DoorOutcome } from './door.ts';
import { tryHook } from './hook-door.ts';
import { hookEvent } from './hook-event.ts';

interface Installed {
  readonly path: string;
  readonly handler: { readonly command?: string; readonly url?: string };
}

/** What is installed in Claude Code's settings, run as Claude Code runs it. */
export const installedDoor = (token: string | null): Door => ({
  name: 'installed',
  async try(bench) {
    const installed = findInstalled(bench);
    if (installed === null) return { status: 'skipped', message: 'no hooks are in Claude Code’s settings here' };
    const { path, handler } = installed;
    if (handler.url !== undefined) return tryUrl(bench, handler.url, token);
    const outcome = await tryHook(bench, 'sh', ['-c', handler.command ?? ''], `The hook of ${path}`);
    return outcome.status === 'failed' ? { ...outcome, command: 'ai-tracker install' } : outcome;
  },
});

function findInstalled({ settings, env, home, cwd }: Bench): Installed | null {
  const sight = {
    settings,
    env,
    home,
    cwd,
    nowMs: Date.now(),
    managedSettings: managedSettingsPath(process.platform),
    disk: realDisk,
  };
  for (const { path, value } of claudeSettings(sight).files) {
    const ours = allHandlers(value).find(({ event, handler }) => event === 'PostToolUse' && isOurs(handler));
    if (ours !== undefined) return { path, handler: ours.handler as Installed['handler'] };
  }
  return null;
}

async function tryUrl({ env, scratch }: Bench, url: string, token: string | null): Promise<DoorOutcome> {
  const event = Buffer.from(hookEvent(`selftest-${randomUUID()}`, scratch));
  const { origin, pathname } = new URL(url);
  const isTaken = await postHook(origin, pathname, event, { ...env, ...(token === null ? {} : { AI_TRACKER_TOKEN: token }) });
  if (isTaken) return { status: 'ok', message: `${url} takes hook events` };
  return { status: 'failed', message: `${url}, to which the hooks send, does not take events`, command: 'ai-tracker serve' };
}
