import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { openForWriting } from '../../src/store/open.ts';
import { makeTraces } from '../data/make-spans.ts';
import { toBatches } from '../data/to-batches.ts';
import { argumentsOf, report, stopwatch } from '../measure.ts';

/**
 * Spans to rows on disk in one process. `recorder` and `recorder-exporter` apply batches of 512; `floor` inserts the rows
 * that a recorder left behind, by prepared statements in as many transactions, into the same tables and indexes, knowing
 * nothing of spans.
 */

const TRACES = 5120;
const BATCH = 512;
const [competitor, file, from] = argumentsOf();
if (file === undefined || existsSync(file)) throw new Error(`needs a path where no file lies yet, got ${file}`);

if (competitor === 'floor') floor(from ?? '', file);
else record(file, competitor === 'recorder');

function record(dbPath: string, starts: boolean): void {
  const traces = makeTraces(TRACES);
  const batches = toBatches(traces, BATCH, starts);
  const { settings } = resolveSettings({ dbPath }, {});
  const recorder = new Recorder({ settings, env: {}, busyTimeoutMs: 0 });
  const spans = traces.length * (traces[0]?.length ?? 0);
  const stop = stopwatch();
  for (const batch of batches) {
    const outcome = recorder.apply(batch);
    if (outcome.status !== 'written') throw new Error(outcome.message);
  }
  const { wallS, cpuS } = stop();
  recorder.close();
  report({ spans, batches: batches.length, wallS, cpuS, spansPerSecond: spans / wallS, spansPerCpuSecond: spans / cpuS });
}

interface Load {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly unknown[][];
}

function rowsOf(path: string): Load[] {
  const db = new Database(path, { readonly: true });
  const tables = ['agent_sessions', 'task_executions', 'tool_calls', 'span_memory', 'task_signals', 'tombstones'];
  const loads = tables.map((table) => {
    const select = db.prepare(`select * from ${table}`).raw();
    return { table, columns: select.columns().map((column) => column.name), rows: select.all() as unknown[][] };
  });
  db.close();
  return loads;
}

function floor(source: string, dbPath: string): void {
  const loads = rowsOf(source);
  const spans = loads.find((load) => load.table === 'span_memory')?.rows.length ?? 0;
  const transactions = Math.ceil(spans / BATCH);
  const out = openForWriting(dbPath, { busyTimeoutMs: 0 });
  const { db } = out;
  const inserts = loads.map(({ table, columns }) =>
    db.prepare(`insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`),
  );
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const count = db.prepare('update change_counter set seq = ? where id = 1');
  const stop = stopwatch();
  for (let t = 0; t < transactions; t++) {
    begin.run();
    for (let i = 0; i < loads.length; i++) {
      const { rows } = loads[i] as Load;
      const end = Math.floor((rows.length * (t + 1)) / transactions);
      for (let r = Math.floor((rows.length * t) / transactions); r < end; r++) inserts[i]?.run(rows[r]);
    }
    count.run(t);
    commit.run();
  }
  const { wallS, cpuS } = stop();
  out.close();
  const rows = loads.reduce((sum, load) => sum + load.rows.length, 0);
  report({
    spans,
    rows,
    transactions,
    wallS,
    cpuS,
    spansPerSecond: spans / wallS,
    spansPerCpuSecond: spans / cpuS,
    fileBytes: statSync(dbPath).size,
  });
}
