import { get, type IncomingMessage } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { callTool } from './tool-spans.ts';

/** What the demo's agents can do on the demo's site. */
export interface AgentTools {
  /** GET, by `node:http`. @throws {Error} on a status of 400 or above */
  read(path: string): Promise<string>;
  /** `search_notes` of the MCP server. */
  searchNotes(topic: string): Promise<string>;
}

const request = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, resolve).on('error', reject);
  });

export function agentTools(siteUrl: string): AgentTools {
  let connected: Promise<Client> | null = null;
  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'demo-agent', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', siteUrl));
    await client.connect(transport);
    return client;
  };
  return {
    async read(path) {
      const response = await request(siteUrl + path);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      if ((response.statusCode ?? 0) >= 400) throw new Error(`GET ${path} answered ${response.statusCode}`);
      return Buffer.concat(chunks).toString('utf8');
    },
    async searchNotes(topic) {
      connected ??= connect();
      const client = await connected;
      return callTool('search_notes', async () => {
        const { content } = await client.callTool({ name: 'search_notes', arguments: { topic } });
        return JSON.stringify(content);
      });
    },
  };
}
