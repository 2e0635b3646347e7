import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { competitorOf } from '../data/competitors.ts';
import { makeTraces } from '../data/make-spans.ts';
import { SpanEmitter } from '../data/span-emitter.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * How late a host's timers are while it makes 10,000 spans a second, with `bare` (no processor), `ours` and `batch`. The
 * histogram samples every millisecond, and what it calls delay includes that millisecond.
 */

const SPANS_PER_SECOND = 10_000;
const SPANS_PER_TRACE = 20;
const TICK_MS = 10;
const WARM_UP_MS = 2000;
const MEASURED_MS = 8000;

const [name] = argumentsOf();
const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
const competitor = competitorOf(name, join(folder, 'agent.db'));
const emitter = new SpanEmitter(competitor.processors);
const tracesPerMs = SPANS_PER_SECOND / SPANS_PER_TRACE / 1000;
const traces = makeTraces(Math.ceil(tracesPerMs * (WARM_UP_MS + MEASURED_MS)));

const delay = monitorEventLoopDelay({ resolution: 1 });
const start = performance.now();
let next = 0;
let isMeasured = false;
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const elapsed = performance.now() - start;
    const due = Math.min(traces.length, Math.floor(elapsed * tracesPerMs));
    for (; next < due; next++) emitter.emit(traces[next] ?? []);
    if (!isMeasured && elapsed >= WARM_UP_MS) {
      isMeasured = true;
      delay.enable();
    }
    if (next < traces.length) return;
    clearInterval(timer);
    delay.disable();
    resolve();
  }, TICK_MS);
});
await competitor.drain();
const arrived = await competitor.close();
if (arrived !== traces.length * SPANS_PER_TRACE) throw new Error(`${name}: ${arrived} spans arrived`);
rmSync(folder, { recursive: true });
const ms = (percentile: number): number => delay.percentile(percentile) / 1e6;
report({ spans: arrived, p50Ms: ms(50), p99Ms: ms(99), p999Ms: ms(99.9), maxMs: delay.max / 1e6 });
