import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { AnyValueMap } from '@opentelemetry/api-logs';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aiTracker } from '../cli/command.ts';
import { CLAUDE_RUNS, type ClaudeRun, claudeFile, claudeTelemetry } from '../support/claude-capture.ts';
import { HttpSender, JSON_TYPE } from '../support/post.ts';
import { recordAgain } from '../support/record-again.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type ServeOptions, ServeProcess } from '../support/serve-process.ts';

const HATCHET = new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url);
const GZIP = 'gzip' as never; // CompressionAlgorithm is an enum of a package that we do not import.
const AGENT = 'agent-1';

async function serveIn(options: Omit<ServeOptions, 'folder'> = {}): Promise<{ serve: ServeProcess; folder: string }> {
  const folder = scratchFolder();
  const serve = await ServeProcess.start({ folder, ...options });
  onTestFinished(() => serve.kill());
  return { serve, folder };
}

/** The rows that `ingest` makes of the files. */
async function ingested(files: readonly URL[], args: readonly string[] = ['--agent', AGENT]): Promise<string> {
  const folder = scratchFolder();
  const { code, stderr } = await aiTracker(['ingest', '--dir', folder, ...args, ...files.map((file) => fileURLToPath(file))], {
    home: folder,
  });
  expect([code, stderr]).toEqual([0, '']);
  return folder;
}

const fileIn = (folder: string, agent = AGENT): string => join(folder, `${agent}.db`);

/** An exporter that does not hide what became of its batches. */
function watched<T>(exporter: { export(items: T, done: (result: { code: number; error?: Error }) => void): void }): unknown[] {
  const failures: unknown[] = [];
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== 0) failures.push(result.error);
      done(result);
    });
  return failures;
}

describe('the exporters of OpenTelemetry JS', () => {
  test.each<[string, (url: string) => SpanExporter]>([
    ['protobuf', (url) => new ProtoTraceExporter({ url })],
    ['protobuf, gzip', (url) => new ProtoTraceExporter({ url, compression: GZIP })],
    ['JSON', (url) => new JsonTraceExporter({ url })],
    ['JSON, gzip', (url) => new JsonTraceExporter({ url, compression: GZIP })],
  ])('traces as %s make the rows that ingest makes of the same spans', async (_name, exporterTo) => {
    const { serve, folder } = await serveIn();
    const exporter = exporterTo(`${serve.url}/v1/traces`);
    const failures = watched(exporter);
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 10 });
    const { spans } = recordAgain(HATCHET, [processor], { 'agent.id': AGENT });
    for (const span of spans) {
      span.start();
      span.end();
    }
    await processor.forceFlush();
    expect(failures).toEqual([]);
    // 200 means on disk: nothing of what was answered is lost with the process.
    await serve.kill();
    expect(rowsOf(fileIn(folder))).toEqual(rowsOf(fileIn(await ingested([HATCHET]))));
    await processor.shutdown();
  });

  test.each<[string, (url: string) => LogRecordExporter]>([
    ['protobuf, gzip', (url) => new ProtoLogExporter({ url, compression: GZIP })],
    ['JSON', (url) => new JsonLogExporter({ url })],
  ])('logs as %s make the rows that ingest makes of the same records', async (_name, exporterTo) => {
    const { serve, folder } = await serveIn({ args: ['--agent', AGENT] });
    const exporter = exporterTo(`${serve.url}/v1/logs`);
    const failures = watched(exporter);
    const processor = new BatchLogRecordProcessor({ exporter });
    logAgain('prop', processor);
    await processor.forceFlush();
    expect(failures).toEqual([]);
    await serve.kill();
    const rows = rowsOf(fileIn(folder));
    expect(rows['calls']?.length).toBeGreaterThan(0);
    expect(rows).toEqual(rowsOf(fileIn(await ingested([claudeFile('prop', 'logs')]))));
    await processor.shutdown();
  });
});

/** The log records of a capture through a real provider: what is kept of them is all that makes rows. */
function logAgain(run: ClaudeRun, processor: BatchLogRecordProcessor): void {
  for (const log of claudeTelemetry(run, 'logs').logs) {
    const provider = new LoggerProvider({
      processors: [processor],
      resource: resourceFromAttributes(log.resource.attributes as Record<string, string>),
    });
    const context =
      log.traceId === null
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId: log.traceId,
            spanId: log.spanId ?? '0'.repeat(16),
            traceFlags: TraceFlags.SAMPLED,
          });
    provider.getLogger(log.scope.name, log.scope.version ?? undefined).emit({
      eventName: log.eventName,
      timestamp: log.timeMs,
      attributes: log.attributes as unknown as AnyValueMap,
      context,
    });
  }
}

describe('what Claude Code sent', () => {
  /** Its requests as they came over the wire, traces and logs in turn. */
  const bodiesOf = (run: ClaudeRun): { path: string; body: string }[] => {
    const of = (signal: 'traces' | 'logs') =>
      readFileSync(claudeFile(run, signal), 'utf8')
        .trimEnd()
        .split('\n')
        .map((body, i) => ({ path: `/v1/${signal}`, body, i }));
    return [...of('traces'), ...of('logs')].sort((a, b) => a.i - b.i);
  };

  test.each(CLAUDE_RUNS)('posted as it is makes the rows that ingest makes of the files: %s', async (run) => {
    const { serve, folder } = await serveIn({ args: ['--agent', AGENT] });
    const sender = new HttpSender(serve.url);
    for (const { path, body } of bodiesOf(run)) {
      const { status, body: answer } = await sender.post(path, body, JSON_TYPE);
      expect([status, path, answer.toString()]).toEqual([200, path, expect.any(String)]);
    }
    sender.close();
    await serve.kill();
    const files = [claudeFile(run, 'traces'), claudeFile(run, 'logs')];
    expect(rowsOf(fileIn(folder))).toEqual(rowsOf(fileIn(await ingested(files))));
  });

  test('goes to the agent that it names when nobody else says whose it is', async () => {
    const { serve, folder } = await serveIn();
    const sender = new HttpSender(serve.url, 4);
    await Promise.all(
      bodiesOf('multi').map(async ({ path, body }) => expect((await sender.post(path, body, JSON_TYPE)).status).toBe(200)),
    );
    sender.close();
    await serve.kill();
    const other = await ingested([claudeFile('multi', 'traces'), claudeFile('multi', 'logs')], []);
    expect(rowsOf(fileIn(folder, 'builder-7'))).toEqual(rowsOf(fileIn(other, 'builder-7')));
  });
});
