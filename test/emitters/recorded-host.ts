import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import Database from 'better-sqlite3';
import { afterAll, expect } from 'vitest';
import { AiTrackerSpanProcessor, health } from '../../src/index.ts';

/** A row of `tool_calls` as far as these tests compare it. */
export interface CallRow {
  readonly spanId: string;
  readonly kind: string;
  readonly name: string | null;
  readonly source: string;
  readonly success: number | null;
  readonly error: string | null;
  readonly status: number | null;
  readonly retries: number | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly reasoning: number | null;
  readonly costSource: string | null;
  readonly callId: string | null;
  readonly subAgent: string | null;
  readonly conversation: string | null;
  readonly match: string | null;
  /** The name of the call around it. */
  readonly inside: string | null;
}

const CALLS = `select c.span_id as spanId, c.kind, c.tool_name as name, c.source, c.success, c.error_type as error, c.status_code as status,
  c.retry_count as retries, c.model, c.provider, c.input_tokens as input, c.output_tokens as output,
  c.cache_read_tokens as cacheRead, c.cache_write_tokens as cacheWrite, c.reasoning_tokens as reasoning,
  c.cost_source as costSource, c.call_id as callId, c.sub_agent as subAgent, c.conversation_id as conversation,
  c.owner_match as match, p.tool_name as inside
  from tool_calls c left join tool_calls p on p.id = c.parent_tool_call_id
  where c.task_execution_id = ?`;

export interface RecordedHost {
  /** What the work called, by the rows that it left, in the order of their start; the work runs in a task of its own. */
  callsOf(taskId: string, work: () => Promise<unknown>): Promise<CallRow[]>;
  /** Scopes and names of the spans that the last work emitted: what a test believes to be there is there. */
  emitted(): string[];
  /** Rows of a query on the recorded file, after a flush. */
  rows<T = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<T[]>;
}

/**
 * A process that has OpenTelemetry in it as an application would: a provider registered globally, with our processor.
 * Once per test file, since the provider is global; call it before the instrumented packages are used.
 */
export function recordThisProcess(instrumentations: readonly Instrumentation[] = []): RecordedHost {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-emitters-'));
  const file = join(folder, 'agent.db');
  let started: string[] = [];
  let ended: string[] = [];
  const beside: SpanProcessor = {
    onStart: (span) => void started.push(span.spanContext().spanId),
    onEnd: ({ instrumentationScope, name }) => void ended.push(`${instrumentationScope.name}: ${name}`),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const ours = new AiTrackerSpanProcessor({ agentId: 'agent-1', dbPath: file });
  const provider = new NodeTracerProvider({ spanProcessors: [ours, beside] });
  provider.register();
  for (const instrumentation of instrumentations) {
    instrumentation.setTracerProvider(provider);
    instrumentation.enable();
  }
  // Core modules are patched when CommonJS requires them; ES modules see it once Node's export lists are brought up to date.
  const require = createRequire(import.meta.url);
  require('http');
  syncBuiltinESMExports();
  afterAll(async () => {
    await provider.shutdown();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = async <T>(sql: string, ...values: unknown[]): Promise<T[]> => {
    await provider.forceFlush();
    expect(health().findings.filter(({ level }) => level === 'red')).toEqual([]);
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare(sql).all(...values) as T[];
    } finally {
      db.close();
    }
  };
  return {
    rows,
    emitted: () => ended,
    async callsOf(taskId, work) {
      started = [];
      ended = [];
      const attributes = { step_run_id: taskId, retry_count: 0, action_name: 'test:emit' };
      const tracer = trace.getTracer('@hatchet-dev/typescript-sdk', '1.33.2');
      await tracer.startActiveSpan('hatchet.start_step_run', { attributes }, (span) => work().finally(() => span.end()));
      const calls = await rows<CallRow>(CALLS, `hatchet:${taskId}:0`);
      // On loopback several calls start within the millisecond that a row keeps.
      return calls.sort((a, b) => started.indexOf(a.spanId) - started.indexOf(b.spanId));
    },
  };
}

/** A tool that the host executes itself, by the GenAI conventions; a rejection is its failure, and stays within. */
export async function executeTool(name: string, work: () => Promise<unknown>): Promise<void> {
  const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name };
  await trace.getTracer('host').startActiveSpan(`execute_tool ${name}`, { attributes }, async (span) => {
    try {
      await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    } finally {
      span.end();
    }
  });
}

/** The parts of the rows that a test is about. */
export const only = <K extends keyof CallRow>(rows: readonly CallRow[], ...keys: readonly K[]): Pick<CallRow, K>[] =>
  rows.map((row) => Object.fromEntries(keys.map((key) => [key, row[key]])) as Pick<CallRow, K>);
