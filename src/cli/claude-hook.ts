import { EVENTS_WITH_ROW } from '../hook/claude-events.ts';
import { gitPlace } from '../hook/git-place.ts';
import { resolveSettings } from '../model/settings.ts';
import { isMarkedFull, markFull } from '../spool/full-marker.ts';
import { hookEnvironment } from '../spool/hook-environment.ts';
import { encodeHookFile, type HookFindings, MAX_HOOK_BYTES } from '../spool/hook-file.ts';
import { countRefusal } from '../spool/refusals.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { spoolBytes, writeSpoolBytes } from '../spool/write-record.ts';
import { readHookInput } from './hook-input.ts';
import { type HookedCall, hookSnapshot, wantsSnapshot } from './hook-snapshot.ts';

const INPUT_LIMIT_MS = 10_000;
/** One call in so many counts what the spool holds; the others look for the mark that it is full. */
const MEASURE_ONE_IN = 16;

/**
 * `ai-tracker hook claude`: what the shell script does, for Windows and for whoever has no script. Takes one event from stdin into
 * the spool, or to `serve`. Prints nothing, whatever happens: what a hook prints ends in the agent's context. Imports no more than it
 * needs, since it runs at every call of a tool.
 */
export async function claudeHook(input: NodeJS.ReadableStream, env: NodeJS.ProcessEnv): Promise<void> {
  const reading = await readHookInput(input, MAX_HOOK_BYTES, INPUT_LIMIT_MS);
  const { settings } = resolveSettings({}, env);
  if (settings.disabled) return;
  const folders = spoolFolders(settings, env).candidates;
  if (reading.status === 'too large') return void countRefusal(folders, 'refused');
  const event = reading.status === 'read' ? readEvent(reading.bytes) : null;
  if (reading.status !== 'read' || event === null) return void countRefusal(folders, 'unreadable');
  if (!EVENTS_WITH_ROW.has(event.event)) return;

  const endpoint = env['AI_TRACKER_ENDPOINT'];
  if (endpoint) {
    const { postHook } = await import('./post-hook.ts');
    if (await postHook(endpoint, '/v1/hooks/claude-code', reading.bytes, env)) return;
  }
  const maxBytes = settings.spoolMaxMb * 1024 * 1024;
  const heldBytes = (folder: string): number =>
    isMarkedFull(folder) || Math.random() * MEASURE_ONE_IN < 1 ? spoolBytes(folder) : 0;
  const found = findOut();
  const state = wantsSnapshot(event, settings.snapshots) ? await hookSnapshot(found.git_top ?? null, folders) : {};
  const pairs = { ...hookEnvironment(env), ...found, ...state };
  const outcome = writeSpoolBytes(folders, 'hook file', encodeHookFile(pairs, reading.bytes), { maxBytes, heldBytes });
  if (outcome.status !== 'full') return;
  countRefusal(folders, 'refused');
  for (const folder of folders) markFull(folder, spoolBytes(folder) >= maxBytes);
}

function readEvent(bytes: Buffer): HookedCall | null {
  try {
    const event = JSON.parse(bytes.toString('utf8')) as unknown;
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return null;
    const said = (key: string): string => {
      const value = (event as Record<string, unknown>)[key];
      return typeof value === 'string' ? value : '';
    };
    return { event: said('hook_event_name'), toolName: said('tool_name') };
  } catch {
    return null;
  }
}

/** The folder is the kernel's word: PWD is a shell's, and whoever started us by no shell may have left another's. */
function findOut(): HookFindings & { readonly PWD?: string } {
  const time_ms = String(Date.now());
  try {
    const folder = process.cwd();
    const git = gitPlace(folder);
    if (git === null) return { time_ms, PWD: folder };
    return {
      ...{ time_ms, PWD: folder, git_top: git.top },
      ...(git.branch === null ? {} : { git_branch: git.branch }),
      ...(git.headSha === null ? {} : { git_head: git.headSha }),
    };
  } catch {
    return { time_ms };
  }
}
