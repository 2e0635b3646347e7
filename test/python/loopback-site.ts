import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the programs call: 204 to a GET, 201 to a POST, 404 to whatever is missing. @returns its address */
export async function loopbackSite(): Promise<string> {
  const server = createServer(({ method, url }, response) => {
    response.writeHead(url === '/missing' ? 404 : method === 'POST' ? 201 : 204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
