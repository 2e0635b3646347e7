/** An MCP server over stdio with one tool that makes a file, as editors' servers have it. */
import { writeFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const server = new McpServer({ name: 'files', version: '1.0.0' });
server.registerTool('create_file', { inputSchema: { path: z.string(), content: z.string() } }, ({ path, content }) => {
  writeFileSync(path, content, { flag: 'wx' });
  return { content: [{ type: 'text', text: 'created' }] };
});
await server.connect(new StdioServerTransport());
