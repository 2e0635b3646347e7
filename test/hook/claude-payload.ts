import type { HookContext, HookPlace } from '../../src/hook/hook-event.ts';

export const NO_CONTEXT: HookContext = { agentId: null, taskId: null, traceparent: null, tracestate: null };
export const NO_PLACE: HookPlace = { cwd: null, projectDir: null, git: null };

/** A hook's JSON with what every event has. */
export const claudePayload = (name: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ session_id: 's-1', cwd: '/repo', hook_event_name: name, ...more });
