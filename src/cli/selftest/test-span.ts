import { randomBytes } from 'node:crypto';

/** A task as a Hatchet worker tells it, for tests. */
export interface TestSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Of the task; the row's id is made of it. */
  readonly runId: string;
  readonly startMs: number;
  readonly endMs: number;
}

export const SPAN_NAME = 'hatchet.start_step_run';
export const SCOPE = '@hatchet-dev/typescript-sdk';

/** Asks for the row of a span by its `runId`. */
export const TASK_ROW = "SELECT 1 FROM task_executions WHERE task_id = ? AND status = 'completed'";

export function testSpan(): TestSpan {
  const endMs = Date.now();
  const traceId = randomBytes(16).toString('hex');
  return { traceId, spanId: randomBytes(8).toString('hex'), runId: `selftest-${traceId}`, startMs: endMs - 5, endMs };
}

/** As an OTLP request in JSON. */
export const otlpRequest = ({ traceId, spanId, runId, startMs, endMs }: TestSpan, agentId: string): object => ({
  resourceSpans: [
    {
      resource: { attributes: [attribute('service.name', 'ai-tracker selftest'), attribute('agent.id', agentId)] },
      scopeSpans: [
        {
          scope: { name: SCOPE },
          spans: [
            {
              ...{ traceId, spanId, name: SPAN_NAME, kind: 5, status: { code: 1 } },
              ...{ startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${endMs}000000` },
              attributes: [attribute('step_run_id', runId), attribute('action_name', 'selftest')],
            },
          ],
        },
      ],
    },
  ],
});

const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
