import { existsSync } from 'node:fs';
import { endpointOf } from '../claude-install.ts';
import { postJson } from '../doctor/ask-receiver.ts';
import { awaitRows } from './await-rows.ts';
import type { Bench, Door } from './door.ts';
import { otlpRequest, TASK_ROW, testSpan } from './test-span.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The receiver that AI_TRACKER_ENDPOINT names. Another machine's gets no span: nobody could take it away again. */
export const serveDoor = (endpoint: string | undefined, token: string | null): Door => ({
  name: 'serve',
  async try({ agentId, file, deadline }: Bench) {
    if (!endpoint) return { status: 'skipped', message: 'AI_TRACKER_ENDPOINT names no receiver' };
    const url = endpointOf({ AI_TRACKER_ENDPOINT: endpoint });
    const isHere = LOOPBACK.test(new URL(url).hostname);
    const span = testSpan();
    const limitMs = deadline.stepMs();
    const request = isHere ? otlpRequest(span, agentId) : {};
    const answer = await postJson(url, '/v1/traces', request, token, limitMs).catch((error: Error) => {
      if (error.name === 'AbortError' || error.name === 'TimeoutError') return null;
      throw error;
    });
    if (answer === null) return failed(`${url} takes a request and does not answer (${limitMs} ms)`, 'ai-tracker doctor');
    const { status, body } = answer;
    if (status === 401) return failed(`${url} wants a token, or another one than this`, 'export AI_TRACKER_TOKEN=…');
    if (status !== 200) return failed(`${url} answers ${status}: ${body.slice(0, 200)}`, 'ai-tracker doctor');
    if (!isHere)
      return {
        status: 'ok',
        message: `${url} takes what is sent (an empty request, since its rows cannot be taken away from here)`,
      };
    if (await awaitRows(file, TASK_ROW, span.runId, deadline.stepMs()))
      return { status: 'ok', message: `${url} makes rows in the same folder` };
    const where = existsSync(file) ? 'its rows lie in another folder' : 'its folder is another one';
    return failed(
      `${url} took a span of agent ${agentId}, and no row came up in ${file}: ${where}`,
      'start it with the same AI_TRACKER_SHARED_DIR or AI_TRACKER_DB_PATH',
    );
  },
});

const failed = (message: string, command: string): { status: 'failed'; message: string; command: string } => ({
  ...{ status: 'failed', message, command },
});
