import { join } from 'node:path';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { AiTrackerSpanExporter, AiTrackerSpanProcessor, health } from '../../src/index.ts';
import type { Recorder } from '../../src/ingest/recorder.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { column, countOf, until } from '../support/agent-rows.ts';
import { recordAgain } from '../support/record-again.ts';
import { expectBalance, recorderIn } from '../support/recorder-in.ts';
import { readSpans, rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender } from '../support/span-makers.ts';

const CAPTURE = new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url);
const TIMEOUT = 60_000;

/** As `ingest` records it. */
function ingested(): Record<string, unknown[]> {
  const dbPath = join(scratchFolder(), 'agent.db');
  const recorder = recorderIn('', { dbPath });
  const outcome = recorder.apply({
    origin: { door: 'file', agentId: 'w', receivedMs: Date.now() },
    spans: readSpans(CAPTURE),
    logs: [],
  });
  expect(outcome.status).toBe('written');
  recorder.close();
  return rowsOf(dbPath);
}

/** Retries as a receiver does. */
async function written(recorder: Recorder, origin: Origin, spans: readonly SpanRecord[]): Promise<void> {
  let batch = { origin, spans, logs: [] } as Parameters<Recorder['apply']>[0];
  await until('the batch is written', () => {
    const outcome = recorder.apply(batch);
    if (outcome.status === 'retry') {
      expect(outcome.reason).toBe('locked');
      batch = outcome.rest;
    }
    return outcome.status === 'written';
  });
}

const noRed = (): void => expect(health().findings.filter((finding) => finding.level === 'red')).toEqual([]);

test('the capture has rows enough to compare', () => {
  const rows = ingested();
  expect(rows.tasks).toHaveLength(37);
  expect(
    rows.tasks?.filter((row) => (row as { parent_task_execution_id: string | null }).parent_task_execution_id !== null),
  ).not.toEqual([]);
});

test('the processor gives the rows that ingest gives', { timeout: TIMEOUT }, async () => {
  const dbPath = join(scratchFolder(), 'agent.db');
  const { provider, spans } = recordAgain(CAPTURE, [new AiTrackerSpanProcessor({ agentId: 'w', dbPath })]);
  // All starts are seen before the first end, and flushed in between: every task is a running row once.
  for (const span of spans) span.start();
  await provider.forceFlush();
  expect(countOf(dbPath, 'task_executions', "status = 'running'")).toBe(37);
  for (const span of spans) span.end();
  await provider.shutdown();
  noRed();
  expect(rowsOf(dbPath)).toEqual(ingested());
});

test('the exporter behind the SDK’s BatchSpanProcessor gives the rows that ingest gives', { timeout: TIMEOUT }, async () => {
  const dbPath = join(scratchFolder(), 'agent.db');
  const exporter = new AiTrackerSpanExporter({ agentId: 'w', dbPath });
  const { provider, spans } = recordAgain(CAPTURE, [new BatchSpanProcessor(exporter, { maxExportBatchSize: 10 })]);
  for (const span of spans) {
    span.start();
    span.end();
  }
  await provider.forceFlush();
  await provider.shutdown();
  noRed();
  expect(rowsOf(dbPath)).toEqual(ingested());
});

test('two doors at once, of a process and a receiver, give one set of rows', { timeout: TIMEOUT }, async () => {
  const dbPath = join(scratchFolder(), 'agent.db');
  const { provider, spans } = recordAgain(CAPTURE, [new AiTrackerSpanProcessor({ agentId: 'w', dbPath, flushMs: 1 })]);
  const records = readSpans(CAPTURE);
  const receiver = recorderIn('', { dbPath });
  // Now the one is ahead, now the other.
  for (let i = 0; i < spans.length; i += 10) {
    const receives = written(
      receiver,
      fromSender(Date.now(), 'w'),
      records.slice(records.length - i - 10 < 0 ? 0 : records.length - i - 10, records.length - i),
    );
    for (const span of spans.slice(i, i + 10)) {
      span.start();
      span.end();
    }
    await Promise.all([receives, i % 20 === 0 ? provider.forceFlush() : undefined]);
  }
  await provider.shutdown();
  noRed();
  expectBalance(receiver);
  expect(rowsOf(dbPath)).toEqual(ingested());
  expect(column(dbPath, "SELECT status FROM task_executions WHERE status IN ('running', 'lost')")).toEqual([]);
});

test('a resource that names agent and session, as `register` makes it, gives one session by both doors', {
  timeout: TIMEOUT,
}, async () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const identity = { 'agent.id': 'w', 'ai_tracker.session.id': currentSession().id };
  const { provider, spans } = recordAgain(CAPTURE, [new AiTrackerSpanProcessor({ agentId: 'w', sharedDir: folder })], identity);
  for (const span of spans) {
    span.start();
    span.end();
  }
  const records = readSpans(CAPTURE).map((span) => ({
    ...span,
    resource: { attributes: { ...span.resource.attributes, ...identity } },
  }));
  const receiver = recorderIn(folder);
  await Promise.all([written(receiver, fromSender(Date.now()), records), provider.forceFlush()]);
  await provider.shutdown();
  expect(column(file, 'SELECT id FROM agent_sessions')).toEqual([identity['ai_tracker.session.id']]);
  expect(
    column(file, 'SELECT DISTINCT session_id FROM task_executions UNION SELECT DISTINCT session_id FROM tool_calls'),
  ).toEqual([identity['ai_tracker.session.id']]);
  expect(column(file, 'SELECT boot_id IS NOT NULL AND pid IS NOT NULL FROM agent_sessions')).toEqual([1]);
  expect(rowsOf(file)).toEqual(ingested());
});
