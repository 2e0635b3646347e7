import { join } from 'node:path';
import { openService } from '../../receiver/open-service.ts';
import { SERVE_DEFAULTS } from '../../receiver/serve-settings.ts';
import { postJson } from '../doctor/ask-receiver.ts';
import { awaitRows } from './await-rows.ts';
import type { Door } from './door.ts';
import { otlpRequest, TASK_ROW, testSpan } from './test-span.ts';

/** A receiver of its own on a free port of loopback: that one can be started here, and that what it takes becomes rows. */
export const otlpDoor: Door = {
  name: 'otlp',
  async try({ agentId, file, settings, env, scratch, deadline }) {
    const defects: string[] = [];
    const service = await openService({
      // Not the real spool: a receiver would drain it, and there may be much in it.
      settings: { ...settings, dbPath: file, spoolDir: join(scratch, 'spool') },
      serve: { ...SERVE_DEFAULTS, port: 0 },
      ...{ token: null, agentId, env, onDefect: (error: Error) => void defects.push(error.message) },
    });
    try {
      const span = testSpan();
      const { status, body } = await postJson(service.url, '/v1/traces', otlpRequest(span, agentId), null, deadline.stepMs());
      if (status !== 200) {
        return {
          status: 'failed',
          message: `a receiver on loopback answers ${status}: ${body.slice(0, 200)}`,
          command: 'ai-tracker serve --port 0',
        };
      }
      if (await awaitRows(file, TASK_ROW, span.runId, deadline.stepMs()))
        return { status: 'ok', message: 'OTLP over HTTP is a row once it is answered' };
      const why = defects[0] ?? service.health().findings[0]?.message ?? 'it says nothing of why';
      return {
        status: 'failed',
        message: `a receiver took a span, and ${file} has no row of it: ${why}`,
        command: 'ai-tracker doctor',
      };
    } finally {
      await service.close();
    }
  },
};
