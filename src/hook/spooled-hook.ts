import type { HookContext, HookPlace } from './hook-event.ts';

/** What is needed of a record of the spool, in either of its forms. */
export interface SpooledHookShape {
  readonly target: { readonly agentId: string | null };
  readonly receivedMs: number;
  readonly payload: string;
  readonly context?: { readonly taskId: string | null; readonly traceparent: string | null; readonly tracestate: string | null };
  readonly place?: {
    readonly cwd: string | null;
    readonly projectDir: string | null;
    readonly git: { readonly top: string; readonly branch: string | null; readonly headSha: string | null } | null;
  };
}

/** The arguments of a reader of hooks, such as `readClaudeHook(...)`. */
export type SpooledHookParts = readonly [payload: string, context: HookContext, place: HookPlace, timeMs: number];

/** @param repoIdOf the repository's id by its top folder and the commit that was checked out, where somebody can tell */
export function partsOfSpooledHook(
  { target, receivedMs, payload, context, place }: SpooledHookShape,
  repoIdOf: (top: string, headSha: string | null) => string | null = () => null,
): SpooledHookParts {
  const traceparent = validTraceparent(context?.traceparent ?? null);
  const git = place?.git ?? null;
  return [
    payload,
    {
      ...{ agentId: target.agentId, taskId: context?.taskId ?? null, traceparent },
      tracestate: traceparent === null ? null : (context?.tracestate ?? null),
    },
    {
      ...{ cwd: place?.cwd ?? null, projectDir: place?.projectDir ?? null },
      git: git === null ? null : { ...git, repoId: repoIdOf(git.top, git.headSha) },
    },
    receivedMs,
  ];
}

/** Malformed is as good as none (W3C Trace Context §2.2); so are ids of zeros. */
function validTraceparent(text: string | null): string | null {
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-|$)/.exec(text ?? '');
  if (found === null || found[1] === 'ff' || /^0+$/.test(found[2] ?? '') || /^0+$/.test(found[3] ?? '')) return null;
  return (text ?? '').slice(0, 55);
}
