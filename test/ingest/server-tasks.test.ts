import { describe, expect, it } from 'vitest';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { replay } from '../support/replay.ts';

const span = (given: Partial<SpanRecord>): SpanRecord => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: null,
  parentRemote: null,
  name: 'GET',
  kind: 2,
  startMs: Date.UTC(2026, 0, 15),
  endMs: Date.UTC(2026, 0, 15) + 5,
  durationMs: 5,
  status: 0,
  statusMessage: null,
  attributes: {},
  events: [],
  scope: { name: 'http', version: null },
  resource: { attributes: {} },
  ...given,
});

const REQUEST = span({
  attributes: { 'http.request.method': 'GET', 'http.route': '/orders/{id}', 'http.response.status_code': 503 },
});
const TOOL = span({
  spanId: 'c'.repeat(16),
  parentSpanId: REQUEST.spanId,
  kind: 1,
  name: 'execute_tool look_up',
  attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'look_up' },
});

describe('HTTP server spans', () => {
  it('are no tasks by themselves', () => {
    expect(replay([TOOL, REQUEST], { batch: 1, restart: false }).tasks).toEqual([]);
  });

  it('are tasks of their route where AI_TRACKER_SERVER_TASKS asks for it, and own what they call', () => {
    const { tasks, calls } = replay([TOOL, REQUEST], { batch: 1, restart: true, options: { serverTasks: true } });
    expect(tasks).toMatchObject([{ source: 'http', task_type: 'GET /orders/{id}', status: 'failed' }]);
    expect(calls).toMatchObject([{ tool_name: 'look_up', owner_match: 'ancestor' }]);
  });
});
