import type { Span } from '@opentelemetry/api';
import { classify } from '../dialect/classify.ts';
import { keepsAttribute, keepsEvent } from '../dialect/kept-attributes.ts';
import { decodeBatch } from '../model/batch-codec.ts';
import { taskRowId } from '../model/row-ids.ts';
import { type RecorderOptions, resolveSettings } from '../model/settings.ts';
import { allWriters } from '../writer/shared-writers.ts';
import { encodeSpans } from './project-span.ts';
import type { ReadableSpanLike } from './readable-span.ts';

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;
const SAMPLED = 1;

/** Variables by which a child process, and the hooks that run in it, belong to what this span stands for. */
export function envOfSpan(
  span: Span | undefined,
  options: RecorderOptions,
  env: Readonly<NodeJS.ProcessEnv>,
): Record<string, string> {
  const agent = agentOf(span, options, env);
  return { ...(span === undefined ? {} : traceOf(span, env)), ...(agent === null ? {} : { AGENT_ID: agent }) };
}

function traceOf(span: Span, env: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return {};
  const state = traceState?.serialize() ?? '';
  const task = taskOf(span);
  return {
    TRACEPARENT: `00-${traceId}-${spanId}-${(traceFlags & SAMPLED) === 0 ? '00' : '01'}`,
    // What this process itself was started with belongs to another trace: spread after it, it must be overwritten.
    ...(state !== '' || env['TRACESTATE'] ? { TRACESTATE: state } : {}),
    ...(task === null ? {} : { AI_TRACKER_TASK_ID: task }),
  };
}

/** The task that the span is, or names; null where it has no id but its span's, which TRACEPARENT leads to. */
function taskOf(span: Span): string | null {
  if (!isReadable(span)) return null;
  const origin = { door: 'otlp', agentId: null, receivedMs: 0 } as const;
  const [record] = decodeBatch(encodeSpans([span], origin, { keepsAttribute, keepsEvent })).spans;
  if (record === undefined) return null;
  const { reading } = classify(record);
  if (reading.what === 'task') return reading.taskId === null ? null : taskRowId({ ...reading, taskId: reading.taskId });
  return 'names' in reading && reading.names !== null ? taskRowId(reading.names) : null;
}

/** As for the process's own rows: what its recorder was told, then the environment; then what its spans say. */
function agentOf(span: Span | undefined, options: RecorderOptions, env: Readonly<NodeJS.ProcessEnv>): string | null {
  if (options.agentId) return options.agentId;
  const recorders = new Set([...allWriters()].flatMap(({ settings }) => settings.agentId ?? []));
  const [only] = recorders.size === 1 ? recorders : [];
  const told = only ?? resolveSettings({}, env).settings.agentId;
  if (told !== null || span === undefined || !isReadable(span)) return told;
  const said = span.attributes['agent.id'] ?? span.resource.attributes['agent.id'];
  return typeof said === 'string' && said !== '' ? said : null;
}

/** A span of an SDK that is recorded; a remote parent or an unrecorded span has nothing but its ids. */
const isReadable = (span: object): span is ReadableSpanLike =>
  'attributes' in span && 'resource' in span && 'instrumentationScope' in span;
