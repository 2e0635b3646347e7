import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { assertJsonBounds } from '../otlp/json-bounds.ts';
import { isObject } from '../otlp/json-value.ts';
import type { HookContext, HookRequest } from './storing.ts';

/** What a hook's sender says of itself; the rest is in the event. */
export const HOOK_HEADERS = {
  agentId: 'x-ai-tracker-agent-id',
  taskId: 'x-ai-tracker-task-id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const;

export type HookReading =
  | { readonly status: 'hook'; readonly hook: HookRequest }
  /** What is wrong, in words that go on after "refused: ". */
  | { readonly status: 'malformed'; readonly why: string };

const MAX_ID = 256;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Checks that a body is a hook event of its source, and no more: what it means is read where it becomes rows. */
export function readHook(
  source: HookRequest['source'],
  body: Uint8Array,
  headers: IncomingHttpHeaders,
  receivedMs: number,
): HookReading {
  const context = readContext(headers);
  if (typeof context === 'string') return { status: 'malformed', why: context };
  if (!isUtf8(body)) return { status: 'malformed', why: 'the body is not UTF-8' };
  const payload = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  let event: unknown;
  try {
    assertJsonBounds(payload);
    event = JSON.parse(payload);
  } catch (error) {
    return { status: 'malformed', why: `the body is not JSON: ${jsonComplaint(error as Error)}` };
  }
  const why = wrongEvent(source, event);
  return why === null ? { status: 'hook', hook: { source, payload, context, receivedMs } } : { status: 'malformed', why };
}

/** What V8 says of broken JSON, without the piece of the text that it quotes. */
const jsonComplaint = (error: Error): string => error.message.replace(/,? ?\.{0,3}".*" is not valid JSON$/s, '');

function wrongEvent(source: HookRequest['source'], event: unknown): string | null {
  if (!isObject(event)) return 'the body is no JSON object';
  if (source === 'git') {
    return isName(event['hook']) ? null : 'the event has no `hook` with the name of a git hook';
  }
  if (!isName(event['hook_event_name'])) return 'the event has no `hook_event_name`';
  return isId(event['session_id']) ? null : 'the event has no `session_id`';
}

const isName = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z][\w-]{0,63}$/.test(value);

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_ID && !CONTROL.test(value);

/**
 * The context, or what is wrong with it. A trace context that is malformed is as good as none (W3C Trace Context §2.2); an
 * agent that is malformed is refused, since the rows would go to another.
 */
function readContext(headers: IncomingHttpHeaders): HookContext | string {
  const agentId = textHeader(headers, HOOK_HEADERS.agentId);
  if (agentId !== null && !isId(agentId)) return `the header ${HOOK_HEADERS.agentId} is no id: 1 to ${MAX_ID} characters`;
  const taskId = textHeader(headers, HOOK_HEADERS.taskId);
  if (taskId !== null && !isId(taskId)) return `the header ${HOOK_HEADERS.taskId} is no id: 1 to ${MAX_ID} characters`;
  const traceparent = textHeader(headers, HOOK_HEADERS.traceparent);
  const isTrace = traceparent !== null && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-|$)/.test(traceparent);
  const tracestate = textHeader(headers, HOOK_HEADERS.tracestate);
  const isState = isTrace && tracestate !== null && /^[\x20-\x7e]{1,512}$/.test(tracestate);
  return { agentId, taskId, traceparent: isTrace ? traceparent.slice(0, 55) : null, tracestate: isState ? tracestate : null };
}

/** A header's text, null where it is empty: Claude Code expands a variable that is not set to nothing. */
function textHeader(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  if (typeof value !== 'string' || value.trim() === '') return null;
  // Node reads headers as Latin-1; what senders write is UTF-8.
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
