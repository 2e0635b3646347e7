import { createHash } from 'node:crypto';
import { HOOK_ATTRIBUTE, HOOK_SCOPE, HOOK_SPAN } from '../dialect/claude-hook.ts';
import type { HookEvent } from '../hook/hook-event.ts';
import { type Attributes, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { encodeEdits } from './hook-edits.ts';

const SCOPE = { name: HOOK_SCOPE, version: null };
const NO_EVENTS: SpanRecord['events'] = [];

/** Ids of hook events begin so; those of log records with `log:`. */
export const HOOK_ID = 'hook:';

/**
 * A hook event told as spans, so that its call finds agent, owner and row as those of spans do. It stands below the span that
 * its process was started in (TRACEPARENT), which is a true ancestor and never the call's own. Its id is a hash of what it says:
 * the same event twice is one. A turn's list of calls is one span for each of them.
 */
export function spansOfHook(event: HookEvent): SpanRecord[] {
  switch (event.what) {
    case 'tool': {
      const { phase, toolUseId, toolName, durationMs, error, edits, place } = event;
      const call = { tool_use_id: toolUseId, tool_name: toolName, [HOOK_ATTRIBUTE.phase]: phase };
      // The first line: what follows in it is the output of a command.
      const message = error?.split('\n').find((line) => line.trim() !== '');
      return [
        spanOf(event, HOOK_SPAN.tool, durationMs, {
          ...call,
          ...(message === undefined ? {} : { error: message }),
          ...(edits.length === 0 ? {} : { [HOOK_ATTRIBUTE.edits]: encodeEdits({ place, edits }) }),
        }),
      ];
    }
    case 'batch':
      return event.calls.map(({ toolUseId, toolName, isToolUseError }) =>
        spanOf(event, HOOK_SPAN.listed, null, {
          tool_use_id: toolUseId,
          tool_name: toolName,
          [HOOK_ATTRIBUTE.phase]: isToolUseError ? 'rejected' : 'listed',
        }),
      );
    case 'session':
      return [spanOf(event, HOOK_SPAN.session, null, { [HOOK_ATTRIBUTE.phase]: event.phase })];
  }
}

function spanOf(event: HookEvent, name: string, durationMs: number | null, said: Attributes): SpanRecord {
  const { sessionId, subAgent, context, timeMs } = event;
  const [, traceId = null, parentSpanId = null] = context.traceparent?.split('-') ?? [];
  const attributes: Attributes = {
    'session.id': sessionId,
    ...(subAgent === null ? {} : { agent_id: subAgent }),
    ...(context.taskId === null ? {} : { [HOOK_ATTRIBUTE.task]: context.taskId }),
    ...said,
  };
  const hash = createHash('sha256').update(JSON.stringify([traceId, parentSpanId, name, timeMs, durationMs, attributes]));
  return {
    // Without a trace, the events of one session belong together, and to its log records.
    traceId: traceId ?? `log:${sessionId}`,
    spanId: `${HOOK_ID}${hash.digest('hex').slice(0, 24)}`,
    parentSpanId,
    parentRemote: parentSpanId === null ? null : true,
    name,
    kind: SPAN_KIND.log,
    startMs: timeMs - (durationMs ?? 0),
    endMs: timeMs,
    durationMs,
    status: 0,
    statusMessage: null,
    attributes,
    events: NO_EVENTS,
    scope: SCOPE,
    // One session of the harness is one run; its telemetry names no instance.
    resource: { attributes: { 'service.name': 'claude-code', 'service.instance.id': sessionId } },
  };
}
