import { existsSync } from 'node:fs';
import { Recorder } from '../../src/ingest/recorder.ts';
import { decodeBatch, encodeBatch } from '../../src/model/batch-codec.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { BareInserts } from '../data/bare-inserts.ts';
import { makeTraces } from '../data/make-spans.ts';
import { toBatches } from '../data/to-batches.ts';
import { argumentsOf, report, Stopwatch } from '../measure.ts';

/**
 * Spans to rows on disk in one process. `recorder` and `recorder-exporter` apply batches of 512; `floor` inserts the rows
 * that a recorder left behind, by prepared statements in as many transactions, into the same tables and indexes, knowing
 * nothing of spans.
 */

const TRACES = 5120;
const BATCH = 512;
/** Sustained means: statements, caches and compiled code are warm. */
const WARM_UP_BATCHES = 20;
const [competitor, file, from] = argumentsOf();
if (file === undefined || existsSync(file)) throw new Error(`needs a path where no file lies yet, got ${file}`);

function record(dbPath: string, starts: boolean): void {
  // As texts: half a million live objects would make every collection of the measured code dearer than it is in life.
  const texts = toBatches(makeTraces(TRACES), BATCH, starts).map(encodeBatch);
  const { settings } = resolveSettings({ dbPath }, {});
  const recorder = new Recorder({ settings, env: {}, busyTimeoutMs: 0 });
  const watch = new Stopwatch();
  texts.forEach((text, i) => {
    const batch = decodeBatch(text);
    if (i >= WARM_UP_BATCHES) watch.start();
    const outcome = recorder.apply(batch);
    watch.stop();
    if (outcome.status !== 'written') throw new Error(outcome.message);
  });
  recorder.close();
  tell(watch, (texts.length - WARM_UP_BATCHES) * BATCH);
}

function tell({ wallS, cpuS }: Stopwatch, spans: number): void {
  report({ spans, wallS, cpuS, spansPerSecond: spans / wallS, spansPerCpuSecond: spans / cpuS });
}

function floor(source: string, dbPath: string): void {
  const inserts = new BareInserts(source, dbPath);
  const transactions = Math.ceil(inserts.spans / BATCH);
  const watch = new Stopwatch();
  for (let t = 0; t < transactions; t++) {
    inserts.load(t, transactions);
    if (t >= WARM_UP_BATCHES) watch.start();
    inserts.insert(t);
    watch.stop();
  }
  inserts.close();
  tell(watch, inserts.spans - WARM_UP_BATCHES * BATCH);
}

if (competitor === 'floor') floor(from ?? '', file);
else record(file, competitor === 'recorder');
