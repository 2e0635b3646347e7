import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as McpServer } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

export interface DemoSite {
  readonly url: string;
  close(): Promise<void>;
}

const NOTES: Readonly<Record<string, string>> = {
  retries: 'An attempt that failed is a row of its own; the next one has attempt 1.',
  cancellation: 'A cancelled task ends at once; what it had called stays.',
};

/** An MCP server with one tool; stateless, so every request gets its own. */
function notesServer(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      {
        name: 'search_notes',
        description: 'Finds a note by its topic',
        inputSchema: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
      },
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const note = NOTES[String(params.arguments?.['topic'])];
    return { content: [{ type: 'text', text: note ?? 'no such note' }], isError: note === undefined };
  });
  return server;
}

async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const server = notesServer();
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on('close', () => void transport.close());
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

/** What the demo's agents talk to, on loopback: articles, a feed that is down at first, and an MCP server. */
export async function startDemoSite(): Promise<DemoSite> {
  let feedRequests = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/mcp') {
      serveMcp(request, response).catch(() => response.writeHead(500).end());
      return;
    }
    const status = path === '/feed' && feedRequests++ === 0 ? 503 : path === '/feed' || path.startsWith('/articles/') ? 200 : 404;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ path, status }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
