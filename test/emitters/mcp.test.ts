import { createServer } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { listen } from './loopback.ts';
import { executeTool, only, recordThisProcess } from './recorded-host.ts';

/**
 * The MCP SDK has no spans of its own: these are the conventions' ones, around its client's calls and its server's
 * handlers, with the context in `params._meta` as they say. The HTTP spans below and above them are the instrumentations'.
 */
const host = recordThisProcess([new HttpInstrumentation(), new UndiciInstrumentation()]);
const tracer = trace.getTracer('mcp');

interface Answer {
  [key: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError?: boolean;
}

async function within(span: Span, work: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await work();
    if (answer.isError === true) span.setAttribute('error.type', 'tool_error').setStatus({ code: SpanStatusCode.ERROR });
    return answer;
  } finally {
    span.end();
  }
}

const attributesOf = (tool: string) => ({
  'mcp.method.name': 'tools/call',
  'gen_ai.operation.name': 'execute_tool',
  'gen_ai.tool.name': tool,
});

/** A handler on the server, whose span has as parent what the request's `_meta` says. */
const served =
  (tool: string, work: () => Promise<Answer>) =>
  (_: unknown, { _meta }: { _meta?: Record<string, unknown> | undefined }): Promise<Answer> => {
    const caller = propagation.extract(context.active(), _meta ?? {});
    const options = { kind: SpanKind.SERVER, attributes: attributesOf(tool) };
    return tracer.startActiveSpan(`tools/call ${tool}`, options, caller, (span) => within(span, work));
  };

const say = (text: string): Answer => ({ content: [{ type: 'text', text }] });

function weatherServer(): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' });
  const inputSchema = { city: z.string() };
  server.registerTool(
    'get_weather',
    { inputSchema },
    served('get_weather', async () => say('sunny')),
  );
  server.registerTool(
    'get_tides',
    { inputSchema },
    served('get_tides', async () => ({ ...say('no sea here'), isError: true })),
  );
  server.registerTool(
    'get_forecast',
    { inputSchema },
    served('get_forecast', async () => say(await (await fetch(`${url}/upstream`)).text())),
  );
  return server;
}

const url = await listen(
  createServer((request, response) => {
    void (async () => {
      if (request.url !== '/mcp') {
        response.writeHead(200).end('rain');
        return;
      }
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      response.on('close', () => void transport.close());
      await weatherServer().connect(transport as Transport);
      await transport.handleRequest(request, response);
    })();
  }),
);

const client = new Client({ name: 'agent', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url)) as Transport);

/** A call as an instrumented client makes it. */
const call = (tool: string): Promise<Answer> =>
  tracer.startActiveSpan(`tools/call ${tool}`, { kind: SpanKind.CLIENT, attributes: attributesOf(tool) }, (span) =>
    within(span, async () => {
      const _meta: Record<string, string> = {};
      propagation.inject(context.active(), _meta);
      return (await client.callTool({ name: tool, arguments: { city: 'Bern' }, _meta })) as Answer;
    }),
  );

const ours = (): string[] => host.emitted().filter((span) => span.startsWith('mcp: '));

describe('the MCP SDK over streamable HTTP', () => {
  it('client, server and both ends of HTTP see one call: one row', async () => {
    const calls = await host.callsOf('plain', () => call('get_weather'));
    expect(ours()).toEqual(['mcp: tools/call get_weather', 'mcp: tools/call get_weather']);
    expect(host.emitted()).toContain('@opentelemetry/instrumentation-undici: POST');
    expect(only(calls, 'kind', 'name', 'source', 'success', 'match', 'inside')).toEqual([
      { kind: 'mcp', name: 'get_weather', source: 'mcp', success: 1, match: 'ancestor', inside: null },
    ]);
  });

  it('a tool that answers with an error failed, although HTTP says 200', async () => {
    const calls = await host.callsOf('tool-error', () => call('get_tides'));
    expect(only(calls, 'kind', 'name', 'success', 'error', 'status')).toEqual([
      { kind: 'mcp', name: 'get_tides', success: 0, error: 'tool_error', status: 200 },
    ]);
  });

  it("the agent's own span of the tool around it is the same call", async () => {
    const calls = await host.callsOf('outer', () => executeTool('get_weather', () => call('get_weather')));
    expect(only(calls, 'kind', 'name', 'success', 'inside')).toEqual([
      { kind: 'tool', name: 'get_weather', success: 1, inside: null },
    ]);
  });

  it('a tool of another name around it is another call', async () => {
    const calls = await host.callsOf('other', () =>
      executeTool('plan_trip', async () => {
        await call('get_weather');
        await call('get_weather');
      }),
    );
    expect(only(calls, 'kind', 'name', 'inside')).toEqual([
      { kind: 'tool', name: 'plan_trip', inside: null },
      { kind: 'mcp', name: 'get_weather', inside: 'plan_trip' },
      { kind: 'mcp', name: 'get_weather', inside: 'plan_trip' },
    ]);
  });

  it("what the server asks of others is the call's own doing, no row", async () => {
    const calls = await host.callsOf('upstream', () => call('get_forecast'));
    expect(host.emitted()).toContain('@opentelemetry/instrumentation-undici: GET');
    expect(only(calls, 'kind', 'name', 'success')).toEqual([{ kind: 'mcp', name: 'get_forecast', success: 1 }]);
  });
});
