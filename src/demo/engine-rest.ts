import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { EngineRuns } from './engine-runs.ts';

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(runs: EngineRuns, tenantId: string, request: IncomingMessage): Promise<[status: number, body: unknown]> {
  const what = `${request.method} ${request.url?.split('?')[0]}`;
  const body = await bodyOf(request);
  if (what === `POST /api/v1/stable/tenants/${tenantId}/tasks/cancel`) {
    const { externalIds } = JSON.parse(body) as { externalIds?: string[] };
    return [200, { ids: runs.cancel(externalIds ?? []) }];
  }
  if (what === `GET /api/v1/tenants/${tenantId}`) {
    return [200, { metadata: { id: tenantId }, name: 'loopback', slug: 'loopback', version: 'V1' }];
  }
  // A worker that stops says so (isPaused) before it closes its stream.
  const paused = /^PATCH \/api\/v1\/workers\/([\w-]+)$/.exec(what)?.[1];
  if (paused !== undefined) {
    const now = new Date().toISOString();
    // Python's SDK refuses an answer that lacks one of these.
    return [200, { metadata: { id: paused, createdAt: now, updatedAt: now }, name: 'worker', type: 'SELFHOSTED' }];
  }
  return [404, { errors: [{ description: `the engine stub does not serve ${what}` }] }];
}

/** Hatchet's REST interface as far as a worker needs it: its tenant, `ctx.cancel()` and `runs.cancel`, the pause at its end. */
export function engineRest(runs: EngineRuns, tenantId: string): Server {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [status, body] = await answer(runs, tenantId, request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  return createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
}
