import { type RecorderOptions, resolveSettings } from '../model/settings.ts';
import { currentSession } from '../writer/process-session.ts';

/**
 * What belongs on the resource of a provider that has our processor and exports to `ai-tracker serve` or a collector as
 * well: the agent and the session, so that the same span through both doors is one row of one session.
 *
 * ```ts
 * new BasicTracerProvider({ resource: resourceFromAttributes(resourceAttributes()), spanProcessors: [new AiTrackerSpanProcessor()] });
 * ```
 *
 * @param options as those of the processor; what is not given comes from the environment.
 */
export function resourceAttributes(options: RecorderOptions = {}): Record<string, string> {
  const { agentId } = resolveSettings(options, process.env).settings;
  return { ...(agentId === null ? {} : { 'agent.id': agentId }), 'ai_tracker.session.id': currentSession().id };
}
