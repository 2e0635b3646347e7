import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { imbalance } from '../../src/model/books.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { SpanIntake } from '../../src/otel/span-intake.ts';
import { Writer } from '../../src/writer/writer.ts';
import { countOf } from '../support/agent-rows.ts';

const ENTRY = new URL('../support/crashing-thread.ts', import.meta.url);

describe('a writer thread that dies', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-crash-'));
    file = join(folder, 'w1.db');
  });
  afterEach(() => {
    delete process.env['AI_TRACKER_TEST_CRASHED'];
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (marker: string) => {
    process.env['AI_TRACKER_TEST_CRASHED'] = marker;
    const writer = new Writer(resolveSettings({ agentId: 'w1', sharedDir: folder, batchSize: 100 }, {}).settings, ENTRY);
    const intake = new SpanIntake(writer);
    const provider = new BasicTracerProvider({
      spanProcessors: [
        {
          onStart: (span) => intake.started(span),
          onEnd: (span) => intake.ended(span),
          forceFlush: () => intake.flush(),
          shutdown: () => writer.close(),
        },
      ],
    });
    const tracer = provider.getTracer('test');
    for (let i = 0; i < 1000; i++) {
      tracer.startSpan('hatchet.start_step_run', { attributes: { step_run_id: `run-${i}`, retry_count: 0 } }).end();
    }
    return { writer, intake, provider };
  };

  test('is started again, gets what it had not acknowledged, and every row is there once', async () => {
    const { writer, provider } = start(join(folder, 'crashed'));
    await provider.forceFlush();
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(1000);
    const health = writer.health();
    expect(health.findings.map((finding) => finding.code)).toEqual(['writer-restarted']);
    expect(Object.values(health.books).map(imbalance)).toEqual([0]);
    expect(health.queued).toBe(0);
    await provider.shutdown();
  });

  test('again and again makes shutdown put the spans into the spool and say so', async () => {
    const { writer, intake } = start('always');
    await expect(intake.flush(700)).rejects.toThrow(/not in the file after 700 ms.*writer thread/);
    expect(writer.health().queued).toBe(1000);
    await expect(writer.close(100)).rejects.toThrow(/not in the file/);
    expect(writer.health()).toMatchObject({ queued: 0, spooled: 1000 });
    expect(readdirSync(join(folder, '.spool')).length).toBeGreaterThan(0);
    expect(Object.values(writer.health().books).map(imbalance)).toEqual([0]);
  });
});
