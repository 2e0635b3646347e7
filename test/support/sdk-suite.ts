/**
 * The doors for Node processes, tried with the classes of one OpenTelemetry SDK. Run with SDK 2.x by
 * test/otel/sdk-2.test.ts and with 3.x by test/compat/otel-3, since npm refuses both in one tree. The SDKs disagree on
 * names and constructors, so each caller brings them in this one shape; the types of our doors are checked where the
 * caller hands them to its own SDK.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, type Span, SpanKind, type SpanOptions, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AiTrackerSpanExporter, AiTrackerSpanProcessor, health } from '../../src/index.ts';
import type { RecorderOptions } from '../../src/model/settings.ts';

export interface SdkProvider {
  readonly tracer: Tracer;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** The parts of an SDK that the suite needs. */
export interface Sdk {
  readonly name: string;
  contextWith(parent: Span): Context;
  withProcessor(processor: AiTrackerSpanProcessor): SdkProvider;
  /** The exporter behind the SDK's own BatchSpanProcessor. */
  withExporter(exporter: AiTrackerSpanExporter): SdkProvider;
  /** A sampler that samples nothing, wrapped by `recordAll`; besides our processor a vendor's, whose spans are counted. */
  sampledOut(processor: AiTrackerSpanProcessor): SdkProvider & { vendorSpans(): number };
}

/** A task that fails, with a tool call, an MCP call within it and an HTTP call; parents end after their children. */
function work(sdk: Sdk, tracer: Tracer): void {
  const start = (name: string, options: SpanOptions, parent?: Span): Span =>
    parent === undefined ? tracer.startSpan(name, options) : tracer.startSpan(name, options, sdk.contextWith(parent));

  const task = start('hatchet.start_step_run', {
    kind: SpanKind.INTERNAL,
    attributes: { step_run_id: 'run-1', retry_count: 1, workflow_run_id: 'workflow-1', action_name: 'report:write' },
  });
  const tool = start('execute_tool search', { attributes: { 'gen_ai.operation.name': 'execute_tool' } }, task);
  tool.setAttribute('gen_ai.tool.name', 'search');
  tool.setAttribute('gen_ai.tool.call.id', 'call-1');
  const mcp = start('tools/call lookup', { kind: SpanKind.CLIENT, attributes: { 'mcp.method.name': 'tools/call' } }, tool);
  mcp.setAttribute('gen_ai.tool.name', 'lookup');
  mcp.end();
  tool.end();
  const http = start('GET', { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'GET' } }, task);
  http.setAttribute('url.full', 'http://user:secret@example.test/items?token=secret');
  http.setAttribute('http.response.status_code', 503);
  http.setStatus({ code: SpanStatusCode.ERROR });
  http.end();
  task.recordException(new TypeError('no such report'));
  task.setStatus({ code: SpanStatusCode.ERROR, message: 'no such report' });
  task.end();
}

export function describeSdk(sdk: Sdk): void {
  describe(`under SDK ${sdk.name}`, () => {
    let folder: string;
    let options: RecorderOptions;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ai-tracker-sdk-'));
      options = { agentId: 'writer', dbPath: join(folder, '{agent_id}.db') };
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const rows = (sql: string): unknown[] => {
      const db = new Database(join(folder, 'writer.db'), { readonly: true });
      try {
        return db.prepare(sql).all();
      } finally {
        db.close();
      }
    };
    const TASKS = `SELECT id, agent_id, task_type, attempt, source, status, error_type, error_message,
      workflow_run_id, completed_at IS NOT NULL AS ended, duration_ms >= 0 AS timed FROM task_executions`;
    const CALLS = `SELECT c.kind, c.tool_name, c.call_id, c.success, c.status_code, c.owner_match, c.task_execution_id,
      p.tool_name AS inside FROM tool_calls c LEFT JOIN tool_calls p ON p.id = c.parent_tool_call_id ORDER BY c.kind`;
    const task = {
      id: 'hatchet:run-1:1',
      agent_id: 'writer',
      task_type: 'report:write',
      attempt: 1,
      source: 'hatchet',
      status: 'failed',
      error_type: 'TypeError',
      error_message: 'no such report',
      workflow_run_id: 'workflow-1',
      ended: 1,
      timed: 1,
    };
    const call = {
      call_id: null,
      success: 1,
      status_code: null,
      owner_match: 'ancestor',
      task_execution_id: task.id,
      inside: null,
    };
    const calls = [
      { ...call, kind: 'http', tool_name: 'GET example.test/items', success: 0, status_code: 503 },
      { ...call, kind: 'mcp', tool_name: 'lookup', inside: 'search' },
      { ...call, kind: 'tool', tool_name: 'search', call_id: 'call-1' },
    ];

    test('what the processor saw is in the file when forceFlush returns', async () => {
      const provider = sdk.withProcessor(new AiTrackerSpanProcessor(options));
      work(sdk, provider.tracer);
      await provider.forceFlush();
      expect(rows(TASKS)).toEqual([task]);
      expect(rows(CALLS)).toEqual(calls);
      expect(health().findings.filter((finding) => finding.level === 'red')).toEqual([]);
      await provider.shutdown();
    });

    test('what the exporter was given is in the file when forceFlush returns', async () => {
      const provider = sdk.withExporter(new AiTrackerSpanExporter(options));
      work(sdk, provider.tracer);
      await provider.forceFlush();
      expect(rows(TASKS)).toEqual([task]);
      expect(rows(CALLS)).toEqual(calls);
      await provider.shutdown();
    });

    test('a task is a running row before its span ends, and shutdown completes what ended', async () => {
      const provider = sdk.withProcessor(new AiTrackerSpanProcessor(options));
      const attributes = { step_run_id: 'run-2', retry_count: 0 };
      const span = provider.tracer.startSpan('hatchet.start_step_run', { attributes });
      await provider.forceFlush();
      const state = 'SELECT id, status, completed_at IS NULL AS open FROM task_executions';
      expect(rows(state)).toEqual([{ id: 'hatchet:run-2:0', status: 'running', open: 1 }]);
      span.end();
      await provider.shutdown();
      expect(rows(state)).toEqual([{ id: 'hatchet:run-2:0', status: 'completed', open: 0 }]);
      await provider.shutdown();
    });

    test('recordAll gives us every span of a sampler that drops all, and the vendor none', async () => {
      const provider = sdk.sampledOut(new AiTrackerSpanProcessor(options));
      work(sdk, provider.tracer);
      await provider.forceFlush();
      expect(rows(TASKS)).toEqual([task]);
      expect(rows(CALLS)).toEqual(calls);
      expect(provider.vendorSpans()).toBe(0);
      await provider.shutdown();
    });
  });
}
