/** What Claude Code's settings say of hooks, and what of it is ours. */

export type HookHandler =
  | { readonly type: 'command'; readonly command: string; readonly timeout: number }
  | {
      readonly type: 'http';
      readonly url: string;
      readonly timeout: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly allowedEnvVars: readonly string[];
    };

export interface MatcherGroup {
  readonly matcher?: string;
  readonly hooks: readonly HookHandler[];
}

export type HooksBlock = Readonly<Record<string, readonly MatcherGroup[]>>;

/** How a hook is run. */
export type HookRunner =
  /** By the shell that Claude Code starts, which reads the script: no further process. */
  | { readonly what: 'script'; readonly path: string }
  /** The same with the plugin's own copy. */
  | { readonly what: 'plugin' }
  /** A name from PATH, for settings that others share. */
  | { readonly what: 'name' }
  /** Node, where there is no POSIX shell to count on. */
  | { readonly what: 'node' }
  /** `ai-tracker serve`, by Claude Code itself. */
  | { readonly what: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

type Mode = 'pre' | 'post' | 'pre-bash' | 'post-bash' | 'pre-mcp' | 'post-mcp' | 'batch' | 'session' | 'session-end' | 'stop';

interface Entry {
  readonly event: string;
  /** The oldest Claude Code that was seen to know the event. An older one ignores the whole file in which it stands. */
  readonly since?: string;
  readonly matcher?: string;
  /** The script's first argument. */
  readonly mode: Mode;
}

const EDIT_TOOLS = 'Edit|Write|MultiEdit';
/** Around these the state of the work tree is kept: of a notebook, an older Claude Code tells only the new cell. */
const STATE_TOOLS = 'Bash|NotebookEdit';
/** Anything but letters, `|`, `_`, `-`, `,` and space makes a matcher a regular expression that is not anchored. */
const MCP_TOOLS = '^mcp__';

const aroundTools = (event: string, when: 'pre' | 'post', since?: string): Entry[] => {
  const base = since === undefined ? { event } : { event, since };
  return [
    { ...base, matcher: EDIT_TOOLS, mode: when },
    { ...base, matcher: STATE_TOOLS, mode: `${when}-bash` },
    { ...base, matcher: MCP_TOOLS, mode: `${when}-mcp` },
  ];
};

const ENTRIES: readonly Entry[] = [
  ...aroundTools('PreToolUse', 'pre'),
  ...aroundTools('PostToolUse', 'post'),
  ...aroundTools('PostToolUseFailure', 'post', '2.0.60'),
  // Of no tool's own: what it lists without another event was denied, or never ran.
  { event: 'PostToolBatch', since: '2.1.197', mode: 'batch' },
  { event: 'PermissionDenied', since: '2.1.90', matcher: `^(${EDIT_TOOLS}|${STATE_TOOLS}|mcp__.*)$`, mode: 'post' },
  { event: 'SessionStart', mode: 'session' },
  { event: 'SessionEnd', mode: 'session-end' },
  { event: 'Stop', mode: 'stop' },
];

/** Claude Code's hooks may take ten minutes; ours may not. */
const TOOL_TIMEOUT_S = 10;
/** All hooks of a session's end share 1.5 s, or the longest timeout that one of them names. */
const END_TIMEOUT_S = 5;

/** SessionStart runs commands only; Stop starts a drain, which a receiver does by itself. */
const NOT_OVER_HTTP: readonly string[] = ['SessionStart', 'Stop'];

/** @param version of Claude Code; null: all that is known of the newest */
export function hooksBlock(runner: HookRunner, version: string | null): HooksBlock {
  const block: Record<string, MatcherGroup[]> = {};
  for (const { event, since, matcher, mode } of ENTRIES) {
    if (since !== undefined && version !== null && compareVersions(version, since) < 0) continue;
    if (runner.what === 'http' && NOT_OVER_HTTP.includes(event)) continue;
    const group = { ...(matcher === undefined ? {} : { matcher }), hooks: [handlerOf(runner, event, mode)] };
    block[event] = [...(block[event] ?? []), group];
  }
  return block;
}

/** Events that a Claude Code of that version doesn't know, so that they are left out. */
export const eventsLeftOut = (version: string | null): string[] =>
  version === null
    ? []
    : [...new Set(ENTRIES.filter(({ since }) => since !== undefined && compareVersions(version, since) < 0).map((e) => e.event))];

function handlerOf(runner: HookRunner, event: string, mode: Mode): HookHandler {
  const timeout = event === 'SessionEnd' || event === 'Stop' ? END_TIMEOUT_S : TOOL_TIMEOUT_S;
  if (runner.what === 'http') {
    const { url, headers } = runner;
    const allowedEnvVars = [...new Set(Object.values(headers).flatMap((value) => value.match(/(?<=\$)\w+/g) ?? []))];
    return { type: 'http', url, timeout, headers, allowedEnvVars };
  }
  return { type: 'command', command: commandOf(runner, mode), timeout };
}

/** Ends with 0 also where what it runs has gone: 2 would block the tool call, and others are shown to the agent. */
function commandOf(runner: Exclude<HookRunner, { what: 'http' }>, mode: Mode): string {
  switch (runner.what) {
    case 'script':
      return readScript(quoted(runner.path), mode);
    case 'plugin':
      // Not in the single quotes that keep a shell from expanding it.
      return readScript('"${CLAUDE_PLUGIN_ROOT}/hooks/claude-hook.sh"', mode);
    case 'name':
      return `command -v ai-tracker-hook >/dev/null 2>&1 && ai-tracker-hook ${mode}; exit 0`;
    case 'node': {
      const verb = mode === 'stop' ? 'drain' : 'claude';
      return `command -v ai-tracker >/dev/null 2>&1 && ai-tracker hook ${verb}; exit 0`;
    }
  }
}

const readScript = (path: string, mode: Mode): string => `[ -r ${path} ] && set -- ${mode} && . ${path}; exit 0`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Whether a handler in the settings is one of ours, of this version or an older one. */
export function isOurs(handler: unknown): boolean {
  const { command, url } = (handler ?? {}) as { command?: unknown; url?: unknown };
  if (typeof url === 'string') return url.endsWith('/v1/hooks/claude-code');
  return typeof command === 'string' && OUR_COMMAND.test(command);
}

const OUR_COMMAND =
  /\bai-tracker[/\\]hooks[/\\]claude-hook\.sh\b|(?<![\w-])ai-tracker-hook (?:pre|post|batch|session|stop)|(?<![\w-])ai-tracker hook (?:claude|drain)\b/;

/** cc-ai-tracker's, whose work ours does: both would count an edit twice. */
export function isPredecessors(handler: unknown): boolean {
  const { command } = (handler ?? {}) as { command?: unknown };
  return (
    typeof command === 'string' &&
    /(?<!\w)(?:cc-)?ai-tracker hook-(?:pre|post)-tool\b|\/(?:log_claude_edit|capture_before_write)\.py\b/.test(command)
  );
}

/** Of `major.minor.patch`; what follows is left aside. */
function compareVersions(a: string, b: string): number {
  const parts = (version: string): number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
