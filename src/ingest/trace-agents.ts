import type { Settings } from '../model/settings.ts';
import { listFiles } from '../store/list-files.ts';
import { openForReading } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import { StoreError } from '../store/store-error.ts';
import { type KnownSpan, NO_AGENT, UNASSIGNED } from './agent-of.ts';

/**
 * What the agents' files know of these traces. Every file of the folder is opened, about 1 ms each: for now and then.
 * What cannot be read just now is left out.
 */
export function* tracesInFiles(
  traces: Iterable<string>,
  settings: Pick<Settings, 'dbPath' | 'sharedDir'>,
  env: NodeJS.ProcessEnv,
): Generator<KnownSpan> {
  const wanted = [...traces];
  if (wanted.length === 0) return;
  for (const { path } of listFiles(settings, env, undefined, () => undefined)) {
    let file: ReturnType<typeof openForReading>;
    try {
      file = openForReading(path, { busyTimeoutMs: 0 });
    } catch (error) {
      if (error instanceof StoreError) continue;
      throw error;
    }
    try {
      const spans = prepareQuery<[string], { span_id: string; parent_span_id: string | null; agent_id: string | null }>(
        file.db,
        sqlBuilder.selectFrom('span_memory').select(['span_id', 'parent_span_id', 'agent_id']).where('trace_id', '=', ''),
      );
      for (const traceId of wanted) {
        for (const { span_id, parent_span_id, agent_id } of spans.all(traceId)) {
          // Nobody's rows make nobody their agent.
          if (agent_id === null || agent_id === NO_AGENT.id || agent_id === UNASSIGNED.id) continue;
          yield { traceId, spanId: span_id, parentSpanId: parent_span_id, agentId: agent_id };
        }
      }
    } finally {
      file.close();
    }
  }
}
