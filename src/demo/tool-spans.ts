import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('ai-tracker-demo');

/** Runs the work inside the span and ends it; a rejection is its error. */
async function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.recordException(error as Error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
    span.setAttribute('error.type', (error as Error).name);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * A tool that the agent executes itself, by the GenAI semantic conventions: what an agent framework emits, and what to
 * emit where yours does not.
 */
export function executeTool<T>(name: string, callId: string, work: () => Promise<T>): Promise<T> {
  const attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': callId,
  };
  return tracer.startActiveSpan(`execute_tool ${name}`, { attributes }, (span) => within(span, work));
}

/**
 * A call of a remote tool, by the MCP semantic conventions. The TypeScript SDK has no instrumentation of its own, so
 * this is what to put around `client.callTool`.
 */
export function callTool<T>(name: string, work: () => Promise<T>): Promise<T> {
  const attributes = { 'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name };
  return tracer.startActiveSpan(`tools/call ${name}`, { kind: SpanKind.CLIENT, attributes }, (span) => within(span, work));
}
