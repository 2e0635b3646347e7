import type { Reading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, readGenAi } from './gen-ai.ts';

const TOOL_TYPE = 'gen_ai.tool.type';
const SERVICE = /^(?:copilot-chat|(?:github-)?copilot(?:-cli)?)$/i;
const SCOPE = /^(?:copilot-chat|(?:github[-.])?copilot(?:[-.]|$))/i;

const isCopilot = (span: SpanRecord): boolean => {
  const service = text(span.resource.attributes, 'service.name');
  return (service !== null && SERVICE.test(service)) || SCOPE.test(span.scope.name);
};

/**
 * GitHub Copilot in VS Code and on the command line. Its `github.copilot.cost`, `.aiu` and `.nano_aiu` are units of its
 * own billing, of which documentation and users say different things: not read, so never booked as dollars.
 */
export const copilot: Dialect = {
  name: 'copilot',
  attributes: [TOOL_TYPE, ...GEN_AI_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    if (span.attributes['gen_ai.operation.name'] === undefined || !isCopilot(span)) return null;
    const reading = readGenAi(span, { source: 'copilot' });
    // Its word for a tool of an MCP server.
    return reading?.what === 'call' && reading.kind === 'tool' && text(span.attributes, TOOL_TYPE) === 'extension'
      ? { ...reading, kind: 'mcp' }
      : reading;
  },
};
