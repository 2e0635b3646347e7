import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { HOOK_HEADERS } from '../receiver/read-hook.ts';
import { hookTask } from '../spool/hook-environment.ts';

const LIMIT_MS = 2000;

/**
 * Hands a hook's event to `ai-tracker serve`. @returns whether it has it on disk; else the caller spools it, which makes no
 * second row where both have it.
 */
export function postHook(endpoint: string, path: string, body: Uint8Array, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((done) => {
    let url: URL;
    try {
      url = new URL(`${endpoint.replace(/\/+$/, '')}${path}`);
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
        url,
        { method: 'POST', headers: headersOf(body, env), signal: AbortSignal.timeout(LIMIT_MS), agent: false },
        (response) => {
          response.on('error', () => done(false));
          response.resume().on('end', () => done(response.statusCode === 200));
        },
      );
      request.on('error', () => done(false));
      request.end(body);
    } catch {
      done(false);
    }
  });
}

function headersOf(body: Uint8Array, env: NodeJS.ProcessEnv): Record<string, string | number> {
  const headers: Record<string, string | number> = { 'content-type': 'application/json', 'content-length': body.length };
  const put = (name: string, value: string | undefined): void => {
    // Node writes headers as Latin-1; the receiver reads them as UTF-8.
    if (value) headers[name] = Buffer.from(value).toString('latin1');
  };
  put(HOOK_HEADERS.agentId, env['AGENT_ID'] || env['AGENT_SWARM_AGENT_ID']);
  put(HOOK_HEADERS.taskId, hookTask(env) ?? undefined);
  put(HOOK_HEADERS.traceparent, env['TRACEPARENT']);
  put(HOOK_HEADERS.tracestate, env['TRACESTATE']);
  const token = env['AI_TRACKER_TOKEN'];
  put('authorization', token ? `Bearer ${token}` : undefined);
  return headers;
}
