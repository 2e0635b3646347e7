import type { Settings } from '../model/settings.ts';

/** What decides in which file a record's rows land and how they look: a later process must write them as we would have. */
export const TARGET_OPTIONS = [
  'agentId',
  'agentAttributes',
  'dbPath',
  'sharedDir',
  'writerId',
  'fileMode',
  'journal',
  'synchronous',
  'labelKeys',
  'labels',
  'kinds',
  'serverTasks',
] as const satisfies readonly (keyof Settings)[];

export type SpoolTarget = Pick<Settings, (typeof TARGET_OPTIONS)[number]>;

/** Spans that could not be written yet. `batch` is the text of `encodeBatch`, kept as it is: nobody pays for it twice. */
export interface SpooledSpans {
  readonly v: 1;
  readonly kind: 'spans';
  readonly target: SpoolTarget;
  /** Ended spans in the batch, for the books of whoever reads it. */
  readonly ended: number;
  readonly batch: string;
}

/** One hook call of a coding agent as it came on stdin (`hook-file.ts`), or over HTTP. */
export interface SpooledHook {
  readonly v: 1;
  readonly kind: 'hook';
  readonly target: SpoolTarget;
  /** HOME of the hook, by which its file is chosen where nothing else names one; absent: that of whoever drains. */
  readonly home?: string;
  /** Which hook: `claude`, … */
  readonly source: string;
  readonly receivedMs: number;
  /** When the hook began and was done, as its file tells. */
  readonly hookMs?: { readonly fromMs: number; readonly toMs: number };
  /** The hook's JSON, untouched. */
  readonly payload: string;
  /** What surrounded the hook, where its sender says so. */
  readonly context?: HookSurroundings;
  /** Where the hook ran; absent over HTTP. */
  readonly place?: SpooledPlace;
  /** State of the work tree that the hook kept, and why it could not; see the room that takes snapshots. */
  readonly snapshot?: string | null;
  readonly snapshotError?: string | null;
  /** Of a hook of git: which, and where; absent over HTTP, where the payload says so. */
  readonly git?: SpooledGitHook;
}

export interface SpooledGitHook {
  /** `post-commit`, … */
  readonly hook: string;
  /** What git gave it, joined by spaces. */
  readonly args: string;
  readonly gitDir: string;
  readonly commonDir: string;
  /** `CLAUDE_CODE_SESSION_ID`. */
  readonly claudeSession: string | null;
  /** `CLAUDECODE`: git was started by a command of Claude Code. */
  readonly insideClaude: boolean;
}

export interface SpooledPlace {
  readonly cwd: string | null;
  readonly projectDir: string | null;
  readonly git: { readonly top: string; readonly branch: string | null; readonly headSha: string | null } | null;
}

export interface HookSurroundings {
  readonly taskId: string | null;
  /** W3C trace context of whoever ran the hook: a true ancestor. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

export type SpoolRecord = SpooledSpans | SpooledHook;

export type SpoolReading =
  | { readonly what: 'record'; readonly record: SpoolRecord }
  /** Written by a newer version: left where it is. */
  | { readonly what: 'newer'; readonly version: number }
  | { readonly what: 'unreadable'; readonly why: string };

export const spoolTarget = (settings: Settings): SpoolTarget =>
  Object.fromEntries(TARGET_OPTIONS.map((option) => [option, settings[option]])) as unknown as SpoolTarget;

export function readSpoolRecord(text: string): SpoolReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { what: 'unreadable', why: `not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null) return { what: 'unreadable', why: 'not an object' };
  const { v, kind, target, batch, ended, payload, source, context } = value as Record<string, unknown>;
  if (typeof v === 'number' && v > 1) return { what: 'newer', version: v };
  if (v !== 1) return { what: 'unreadable', why: 'no version' };
  if (typeof target !== 'object' || target === null) return { what: 'unreadable', why: 'no target' };
  if (kind === 'spans' && typeof batch === 'string' && typeof ended === 'number') {
    return { what: 'record', record: value as SpooledSpans };
  }
  if (kind === 'hook' && typeof payload === 'string' && typeof source === 'string' && isContext(context)) {
    return { what: 'record', record: value as SpooledHook };
  }
  return { what: 'unreadable', why: `unknown kind ${JSON.stringify(kind)}` };
}

const isContext = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    ['taskId', 'traceparent', 'tracestate'].every((key) => {
      const part = (value as Record<string, unknown>)[key];
      return part === null || typeof part === 'string';
    }));
