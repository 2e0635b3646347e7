import { isAbsolute, resolve } from 'node:path';
import { resolveSettings } from '../model/settings.ts';
import { hookTask } from './hook-environment.ts';
import { type SpooledGitHook, type SpooledHook, type SpoolReading, spoolTarget } from './spool-record.ts';

/**
 * A hook event as a shell script can spool it, which has no JSON and forks as little as it can:
 *
 *     ai-tracker-hook 1\0 KEY=VALUE\0 … \0 <stdin to the end of the file>
 *
 * Keys in capitals are variables of the hook's environment (`HOOK_VARIABLES`, nothing else of it), those in small letters what
 * the hook found out. A NUL ends each pair, since it is the one byte that no variable can hold. The time is the file's mtime,
 * which a rename keeps; `time_ms` stands above it.
 */
const MAGIC = 'ai-tracker-hook ';
const VERSION = 1;

/** Sizes that no hook reaches; what is larger is damaged, or not a hook's. */
const MAX_PAIRS = 200;
const MAX_HEADER_BYTES = 1 << 20;

/** Largest hook event that is taken. An edit of a 13 MB file sends it three times, and JSON escapes it. */
export const MAX_HOOK_BYTES = 128 * 1024 * 1024;

/** What a hook found out by itself, beside its environment. */
export interface HookFindings {
  /** `claude` where it is absent. */
  readonly source?: string;
  /** Epoch milliseconds. */
  readonly time_ms?: string;
  readonly git_top?: string;
  /** Absent on a detached head. */
  readonly git_branch?: string;
  readonly git_head?: string;
  readonly snapshot?: string;
  readonly snapshot_error?: string;
  /** Of a hook of git: its name, its arguments joined by spaces, and the folders behind the work tree. */
  readonly git_hook?: string;
  readonly git_args?: string;
  readonly git_dir?: string;
  readonly git_common?: string;
}

/** The bytes of a `.hook` file. Values are cut at their first NUL, which would end them anyway. */
export function encodeHookFile(pairs: Readonly<Record<string, string | undefined>>, payload: Uint8Array): Buffer {
  const lines = Object.entries(pairs).flatMap(([key, value]) => (value ? [`${key}=${value.split('\0', 1)[0]}\0`] : []));
  return Buffer.concat([Buffer.from(`${MAGIC}${VERSION}\0${lines.join('')}\0`), payload]);
}

/** @param mtimeMs of the file: when the hook ran, where it does not say so itself */
export function readHookFile(bytes: Buffer, mtimeMs: number): SpoolReading {
  const firstEnd = bytes.indexOf(0);
  const first = bytes.toString('latin1', 0, Math.min(firstEnd < 0 ? bytes.length : firstEnd, 64));
  if (!first.startsWith(MAGIC)) return { what: 'unreadable', why: 'it does not begin as a hook record does' };
  if (firstEnd < 0) return { what: 'unreadable', why: 'it ends within its header' };
  const version = Number(first.slice(MAGIC.length));
  if (!Number.isInteger(version) || version < 1) return { what: 'unreadable', why: 'no version' };
  if (version > VERSION) return { what: 'newer', version };

  const pairs: Record<string, string> = {};
  let at = firstEnd + 1;
  for (let count = 0; ; count++) {
    const end = bytes.indexOf(0, at);
    if (end < 0) return { what: 'unreadable', why: 'it ends within its header' };
    if (end === at) break;
    if (count >= MAX_PAIRS || end > MAX_HEADER_BYTES) return { what: 'unreadable', why: 'its header is too long' };
    const pair = bytes.toString('utf8', at, end);
    const equals = pair.indexOf('=');
    if (equals > 0) pairs[pair.slice(0, equals)] = pair.slice(equals + 1);
    at = end + 1;
  }
  return { what: 'record', record: hookOf(pairs, bytes.toString('utf8', at + 1), mtimeMs) };
}

const shaOf = (text: string | null): string | null => (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text ?? '') ? text : null);

function hookOf(pairs: Readonly<Record<string, string>>, payload: string, mtimeMs: number): SpooledHook {
  const given = (key: string): string | null => pairs[key] || null;
  const pwd = given('PWD');
  const home = given('HOME');
  const top = given('git_top');
  // A path in the environment holds where the hook ran, not where this process does.
  const fromPwd = (path: string | null): string | null =>
    path === null || pwd === null || isAbsolute(path) ? path : resolve(pwd, path);
  const { settings } = resolveSettings({}, pairs);
  const target = spoolTarget(settings);
  const timeMs = Number(pairs['time_ms']);
  return {
    v: 1,
    kind: 'hook',
    target: { ...target, dbPath: fromPwd(target.dbPath), sharedDir: fromPwd(target.sharedDir) },
    ...(home === null ? {} : { home }),
    source: given('source') ?? 'claude',
    receivedMs: timeMs > 0 ? timeMs : mtimeMs,
    payload,
    context: {
      taskId: hookTask(pairs),
      traceparent: given('TRACEPARENT'),
      tracestate: given('TRACESTATE'),
    },
    place: {
      cwd: pwd,
      projectDir: given('CLAUDE_PROJECT_DIR'),
      git: top === null ? null : { top, branch: given('git_branch'), headSha: shaOf(given('git_head')) },
    },
    snapshot: given('snapshot'),
    snapshotError: given('snapshot_error'),
    ...gitHookOf(given, fromPwd),
  };
}

function gitHookOf(
  given: (key: string) => string | null,
  fromPwd: (path: string | null) => string | null,
): { git?: SpooledGitHook } {
  const [hook, gitDir] = [given('git_hook'), fromPwd(given('git_dir'))];
  if (hook === null || gitDir === null) return {};
  const git = {
    ...{ hook, args: given('git_args') ?? '', gitDir: resolve(gitDir) },
    commonDir: resolve(fromPwd(given('git_common')) ?? gitDir),
    claudeSession: given('CLAUDE_CODE_SESSION_ID'),
    insideClaude: given('CLAUDECODE') === '1',
  };
  return { git };
}
