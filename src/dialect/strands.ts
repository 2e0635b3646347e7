import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, type GenAiQuirks, readGenAi } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';

const SYSTEM = 'strands-agents';

const QUIRKS: GenAiQuirks = { source: 'strands', notAProvider: new Set([SYSTEM]) };

/**
 * Strands Agents. It names itself where the conventions want the provider of the model, writes each count under two
 * names, and says by `gen_ai.tool.status` that a tool failed. Its cycles have no operation.
 */
export const strands: Dialect = {
  name: 'strands',
  attributes: [...TASK_NAMING_ATTRIBUTES, ...GEN_AI_ATTRIBUTES],
  events: [],
  read(span) {
    const a = span.attributes;
    const isStrands =
      a['gen_ai.system'] === SYSTEM || a['gen_ai.provider.name'] === SYSTEM || /^strands[-.]/.test(span.scope.name);
    if (!isStrands) return null;
    return readGenAi(span, QUIRKS) ?? { what: 'step', source: 'strands', reason: 'strands_step', names: taskNamedBy(a) };
  },
};
