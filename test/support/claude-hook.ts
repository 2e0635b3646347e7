import { readClaudeHook } from '../../src/hook/claude-code.ts';
import type { HookPlace } from '../../src/hook/hook-event.ts';
import { partsOfSpooledHook } from '../../src/hook/spooled-hook.ts';
import { spansOfHook } from '../../src/ingest/hook-span.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { type ClaudeRun, claudeHooks } from './claude-capture.ts';

/** A hook event as Claude Code tells it, by what differs from event to event. */
export interface HookTold {
  readonly event: string;
  readonly session?: string;
  readonly timeMs: number;
  readonly taskId?: string;
  readonly traceparent?: string;
  readonly place?: HookPlace;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** The event as a drain of the spool makes it. None for an event of which no row is made. */
export function hookSpans(told: HookTold): SpanRecord[] {
  const { event, session = 's1', timeMs, taskId = null, traceparent = null, place, fields } = told;
  const payload = JSON.stringify({ hook_event_name: event, session_id: session, cwd: '/repo', ...fields });
  const context = { taskId, traceparent, tracestate: null };
  const [text, surroundings, , at] = partsOfSpooledHook({ target: { agentId: null }, receivedMs: timeMs, payload, context });
  const reading = readClaudeHook(text, surroundings, place ?? { cwd: '/repo', projectDir: '/repo', git: null }, at);
  return reading.what === 'event' ? spansOfHook(reading.event) : [];
}

/** The hook calls of a captured run. */
export const capturedHookSpans = (run: ClaudeRun): SpanRecord[] =>
  claudeHooks(run).flatMap(({ timeMs, env, input }) => {
    const { hook_event_name: event, session_id: session, ...fields } = input as Record<string, string>;
    const { TRACEPARENT: traceparent } = env;
    return hookSpans({
      ...{ event: event ?? '', timeMs, fields },
      ...(session === undefined ? {} : { session }),
      ...(traceparent === undefined ? {} : { traceparent }),
    });
  });

const TOOL = { tool_name: 'Write', tool_input: { file_path: '/repo/a.txt', content: 'a\n' } };
const WRITTEN = { type: 'create', filePath: '/repo/a.txt', content: 'a\n', structuredPatch: [], originalFile: null };

/** Events of one call of `Write`, by its id. */
export const written = (id: string) => ({
  started: (more: Omit<HookTold, 'event'>) => hookSpans({ ...more, event: 'PreToolUse', fields: { ...TOOL, tool_use_id: id } }),
  succeeded: (more: Omit<HookTold, 'event'>) =>
    hookSpans({
      ...more,
      event: 'PostToolUse',
      fields: { ...TOOL, tool_use_id: id, tool_response: WRITTEN, duration_ms: 5 },
    }),
  failed: (more: Omit<HookTold, 'event'>, error = 'it broke') =>
    hookSpans({ ...more, event: 'PostToolUseFailure', fields: { ...TOOL, tool_use_id: id, error, is_interrupt: false } }),
  interrupted: (more: Omit<HookTold, 'event'>) =>
    hookSpans({ ...more, event: 'PostToolUseFailure', fields: { ...TOOL, tool_use_id: id, error: 'stop', is_interrupt: true } }),
  denied: (more: Omit<HookTold, 'event'>) =>
    hookSpans({ ...more, event: 'PermissionDenied', fields: { ...TOOL, tool_use_id: id, reason: 'a rule' } }),
  listed: (more: Omit<HookTold, 'event'>, answer = 'done') =>
    hookSpans({
      ...more,
      event: 'PostToolBatch',
      fields: { tool_calls: [{ ...TOOL, tool_use_id: id, tool_response: answer }] },
    }),
});

export const REJECTED = '<tool_use_error>String to replace not found in file.</tool_use_error>';

export const fromHook = (agentId: string | null, receivedMs: number): Origin => ({ door: 'hook', agentId, receivedMs });
