import { openForReading } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import { StoreError } from '../store/store-error.ts';
import type { KnownSpan } from './agent-finder.ts';
import { NO_AGENT, UNASSIGNED } from './agent-of.ts';

/** What an agent's file knows of these traces; nothing where it cannot be read just now. About 1 ms. */
export function tracesInFile(path: string, traces: Iterable<string>): KnownSpan[] {
  let file: ReturnType<typeof openForReading>;
  try {
    file = openForReading(path, { busyTimeoutMs: 0 });
  } catch (error) {
    if (error instanceof StoreError) return [];
    throw error;
  }
  const known: KnownSpan[] = [];
  try {
    const spans = prepareQuery<[string], { span_id: string; parent_span_id: string | null; agent_id: string | null }>(
      file.db,
      sqlBuilder.selectFrom('span_memory').select(['span_id', 'parent_span_id', 'agent_id']).where('trace_id', '=', ''),
    );
    for (const traceId of traces) {
      for (const { span_id, parent_span_id, agent_id } of spans.all(traceId)) {
        // Nobody's rows make nobody their agent.
        if (agent_id === null || agent_id === NO_AGENT.id || agent_id === UNASSIGNED.id) continue;
        known.push({ traceId, spanId: span_id, parentSpanId: parent_span_id, agentId: agent_id });
      }
    }
    return known;
  } finally {
    file.close();
  }
}
