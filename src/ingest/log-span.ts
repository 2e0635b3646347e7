import { createHash } from 'node:crypto';
import { firstText, number } from '../dialect/attributes.ts';
import { CONVERSATION_ATTRIBUTES } from '../dialect/conversation.ts';
import { type LogRecord, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';

const NO_EVENTS: SpanRecord['events'] = [];

/** Ids of log records begin so. */
export const LOG_ID = 'log:';

/**
 * A log record told as a span below the span that it was written in, so that it finds its owner as spans do. Its id is
 * a hash of what it says: the same record sent twice is one, and it can't be taken for a span's id, which is hex only.
 */
export function spanOfLog(log: LogRecord): SpanRecord {
  const { attributes, eventName, timeMs } = log;
  const said = JSON.stringify([log.traceId, log.spanId, eventName, timeMs, attributes]);
  const hash = createHash('sha256').update(said).digest('hex').slice(0, 24);
  const durationMs = number(attributes, 'duration_ms');
  const known = durationMs !== null && durationMs >= 0 ? durationMs : null;
  return {
    // Without a trace, the records of one conversation belong together.
    traceId: log.traceId ?? `log:${firstText(attributes, CONVERSATION_ATTRIBUTES) ?? hash}`,
    spanId: `${LOG_ID}${hash}`,
    parentSpanId: log.spanId,
    parentRemote: false,
    name: eventName,
    kind: SPAN_KIND.log,
    startMs: timeMs - (known ?? 0),
    endMs: timeMs,
    durationMs: known,
    status: 0,
    statusMessage: null,
    attributes,
    events: NO_EVENTS,
    scope: log.scope,
    resource: log.resource,
  };
}
