import type { Reading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { firstText, flag, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, type GenAiQuirks, readAgent, readGenAi, readModelCall, readTool } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';

const TYPE = 'mastra.span.type';
const SUCCESS = 'gen_ai.tool.success';
const ERROR_MESSAGE = 'error.message';

const QUIRKS: GenAiQuirks = {
  source: 'mastra',
  failed: (span) => flag(span.attributes, SUCCESS) === false,
};

/**
 * Mastra, by `@mastra/otel-bridge` and the exporter before it, whose operations had dots (`tool.execute`). The span type
 * tells either. `model_generation` is one span for a whole loop of model calls, with their sum; steps, inferences and
 * chunks within it say nothing of tokens.
 */
export const mastra: Dialect = {
  name: 'mastra',
  attributes: [TYPE, SUCCESS, ERROR_MESSAGE, ...TASK_NAMING_ATTRIBUTES, ...GEN_AI_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const type = text(span.attributes, TYPE);
    if (type === null) return span.scope.name.startsWith('@mastra/') ? readGenAi(span, QUIRKS) : null;
    switch (type) {
      case 'model_generation':
      case 'llm_generation':
        return readModelCall(span, 'chat', QUIRKS);
      case 'tool_call':
      case 'mcp_tool_call':
        return asMcp(readTool(span, 'execute_tool', QUIRKS), type === 'mcp_tool_call');
      case 'agent_run':
      case 'workflow_run':
        return readAgent(named(span), 'invoke_agent', QUIRKS);
    }
    return { what: 'step', source: 'mastra', reason: 'mastra_step', names: taskNamedBy(span.attributes) };
  },
};

const asMcp = (reading: Reading | null, isMcp: boolean): Reading | null =>
  isMcp && reading?.what === 'call' ? { ...reading, kind: 'mcp' } : reading;

/** Workflows have no agent's name: `invoke_workflow NAME`, `workflow run: 'NAME'`. */
function named(span: SpanRecord): SpanRecord {
  if (firstText(span.attributes, ['gen_ai.agent.name', 'gen_ai.workflow.name', 'gen_ai.agent.id']) !== null) return span;
  const quoted = /^(?:invoke_workflow |(?:agent|workflow) run: )'?(.+?)'?$/.exec(span.name)?.[1];
  return quoted === undefined ? span : { ...span, name: `invoke_agent ${quoted}` };
}
