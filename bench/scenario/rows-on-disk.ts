import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Recorder } from '../../src/ingest/recorder.ts';
import { decodeBatch, encodeBatch } from '../../src/model/batch-codec.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { openForWriting } from '../../src/store/open.ts';
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

/** The rows of one table in the order in which they came, a transaction's share at a time. */
class Rows {
  readonly columns: readonly string[];
  readonly table: string;
  readonly #select: Database.Statement<unknown[], unknown[]>;
  readonly #count: number;

  constructor(db: Database.Database, table: string) {
    this.table = table;
    this.#select = db.prepare<unknown[], unknown[]>(`select * from ${table} limit ? offset ?`).raw();
    this.columns = this.#select.columns().map((column) => column.name);
    this.#count = db.prepare(`select count(*) from ${table}`).pluck().get() as number;
  }

  share(part: number, parts: number): unknown[][] {
    const from = Math.floor((this.#count * part) / parts);
    return this.#select.all(Math.floor((this.#count * (part + 1)) / parts) - from, from);
  }
}

function floor(source: string, dbPath: string): void {
  const recorded = new Database(source, { readonly: true });
  const tables = ['agent_sessions', 'task_executions', 'tool_calls', 'span_memory', 'task_signals', 'tombstones'];
  const rows = tables.map((table) => new Rows(recorded, table));
  const spans = recorded.prepare('select count(*) from span_memory').pluck().get() as number;
  const transactions = Math.ceil(spans / BATCH);
  const file = openForWriting(dbPath, { busyTimeoutMs: 0 });
  const { db } = file;
  const inserts = rows.map(({ table, columns }) =>
    db.prepare(`insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`),
  );
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const count = db.prepare('update change_counter set seq = ? where id = 1');
  const watch = new Stopwatch();
  for (let t = 0; t < transactions; t++) {
    const shares = rows.map((of) => of.share(t, transactions));
    if (t >= WARM_UP_BATCHES) watch.start();
    begin.run();
    for (let i = 0; i < shares.length; i++) for (const row of shares[i] ?? []) inserts[i]?.run(row);
    count.run(t);
    commit.run();
    watch.stop();
  }
  file.close();
  recorded.close();
  tell(watch, spans - WARM_UP_BATCHES * BATCH);
}

if (competitor === 'floor') floor(from ?? '', file);
else record(file, competitor === 'recorder');
