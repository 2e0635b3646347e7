/**
 * A host application in a process of its own, for tests that kill it, lock it out or let it end. First argument: what it
 * does; second: how many spans. It prints one JSON line when it is ready to be killed, and one with what it measured.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpanKind } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { AiTrackerSpanProcessor, health } from '../../src/index.ts';
import { allWriters } from '../../src/writer/shared-writers.ts';

const [what = '', countText = '10'] = process.argv.slice(2);
const count = Number(countText);
const recorded = process.env['HOST_APP_WITHOUT_US'] !== '1';
const provider = new BasicTracerProvider({ spanProcessors: recorded ? [new AiTrackerSpanProcessor()] : [] });
const tracer = provider.getTracer('@hatchet-dev/typescript-sdk', '1.33.2');

const start = (id: string | number) =>
  tracer.startSpan('hatchet.start_step_run', {
    kind: SpanKind.CONSUMER,
    attributes: { step_run_id: `${process.pid}-${id}`, retry_count: 0, action_name: 'report:write' },
  });
const spans = (from: number, to: number): void => {
  for (let i = from; i < to; i++) start(i).end();
};
const say = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
const bucket = () => {
  const { findings, queued, spooled, books } = health();
  return { findings, queued, spooled, books };
};

const releaseAll = (timeoutMs: number) => Promise.all([...allWriters()].map((writer) => writer.close(timeoutMs)));

const SCENES: Record<string, () => Promise<void> | void> = {
  'end-naturally': () => spans(0, count),
  'process-exit': () => {
    spans(0, count);
    process.exit(0);
  },
  throw: () => {
    spans(0, count);
    throw new Error('the host falls over');
  },
  /** Acknowledged, then some that are not, then a long life. */
  'flush-and-live': async () => {
    spans(0, count);
    await provider.forceFlush();
    for (let i = 0; i < 50; i++) start(`open-${i}`);
    await provider.forceFlush();
    say('flushed');
    spans(count, 2 * count);
    await sleep(600_000);
  },
  /** Spans at a steady rate while the test holds the lock; ends when stdin closes. */
  'steady-load': async () => {
    let made = 0;
    await sleep(300); // Start-up is not what is measured.
    const delay = monitorEventLoopDelay({ resolution: 5 });
    let stop = false;
    process.stdin.on('end', () => (stop = true)).resume();
    say('loaded');
    delay.enable();
    while (!stop) {
      spans(made, made + 20);
      made += 20;
      await sleep(10);
    }
    delay.disable();
    const while_ = recorded ? bucket() : null;
    await provider.forceFlush();
    say({ made, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6, while: while_, after: recorded ? bucket() : null });
  },
  /** Makes spans, tries to flush, says how it went. */
  flush: async () => {
    spans(0, count);
    const error = await provider.forceFlush().then(
      () => null,
      (errors: Error[]) => String(errors[0]),
    );
    say({ error, health: bucket() });
  },
  /** Like `flush`, by a shutdown that waits 1 s at most. */
  'shut-down-with-limit': async () => {
    spans(0, count);
    const error = await releaseAll(1000).then(
      () => null,
      (reason: Error) => reason.message,
    );
    say({ error, health: bucket() });
  },
  'shut-down-twice': async () => {
    spans(0, count);
    await Promise.all([provider.forceFlush(), provider.forceFlush(), provider.shutdown(), provider.shutdown()]);
    spans(count, count + 3);
    await provider.shutdown();
    say(bucket());
  },
};

await (SCENES[what] as () => Promise<void> | void)();
