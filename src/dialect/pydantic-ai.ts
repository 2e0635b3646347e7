import type { Reading } from '../model/reading.ts';
import { text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, type GenAiQuirks, readAgent, readGenAi, readTool } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { orGenAi, usageAttributes } from './usage.ts';

const SPAN_TYPE = 'logfire.span_type';
const AGENT_NAME = 'agent_name';

/** Agents state totals under these, unless they are told to use the model calls' names. */
const AGGREGATED = orGenAi({
  input: ['gen_ai.aggregated_usage.input_tokens'],
  output: ['gen_ai.aggregated_usage.output_tokens'],
  cacheRead: ['gen_ai.aggregated_usage.cache_read.input_tokens', 'gen_ai.aggregated_usage.details.cache_read_tokens'],
  cacheWrite: ['gen_ai.aggregated_usage.cache_creation.input_tokens', 'gen_ai.aggregated_usage.details.cache_write_tokens'],
  reasoning: ['gen_ai.aggregated_usage.details.reasoning_tokens'],
});

const QUIRKS: GenAiQuirks = { source: 'pydantic-ai', usageOnAgents: AGGREGATED };

/**
 * Pydantic AI and Logfire. Before the conventions had names for them, tools were `running tool` and runs `agent run`.
 * Logfire sends a marker for each span that starts, with an id of its own: it is none of the calls that it tells of.
 */
export const pydanticAi: Dialect = {
  name: 'pydantic-ai',
  attributes: [SPAN_TYPE, AGENT_NAME, ...usageAttributes(AGGREGATED), ...TASK_NAMING_ATTRIBUTES, ...GEN_AI_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    if (a[SPAN_TYPE] === 'pending_span') {
      return { what: 'step', source: 'pydantic-ai', reason: 'pending_span', names: taskNamedBy(a) };
    }
    if (span.scope.name !== 'pydantic-ai') return null;
    const reading = readGenAi(span, QUIRKS);
    if (reading !== null) return reading;
    if (/^running tool\b/.test(span.name)) return readTool(span, 'running tool:', QUIRKS);
    if (span.name === 'agent run' || span.name.endsWith(' run')) {
      const name = text(a, AGENT_NAME);
      const named = name === null ? span : { ...span, attributes: { 'gen_ai.agent.name': name, ...a } };
      return readAgent(named, 'invoke_agent', QUIRKS);
    }
    return { what: 'step', source: 'pydantic-ai', reason: 'pydantic_step', names: taskNamedBy(a) };
  },
};
