import { classify } from '../dialect/classify.ts';
import type { CallReading, Reading, TaskName } from '../model/reading.ts';
import { isoTime, spanRowId } from '../model/row-ids.ts';
import { FOLDED, type NodeClass, type SpanFacts, type SpanNode } from '../model/span-node.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { callOf } from '../resolve/ancestry.ts';
import { placeOfCall } from '../resolve/fold.ts';
import type { OpenFile, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import { exactOwner } from './call-owner.ts';
import { CallRows, type Owner } from './call-rows.ts';
import { ChangeCounter } from './change-counter.ts';
import { withFolded } from './fold-facts.ts';
import { InferredOwners } from './inferred-owners.ts';
import { LabelRows, type Labels } from './label-rows.ts';
import type { Disposition, Ledger } from './ledger.ts';
import { SessionRows, type SessionSight } from './session-rows.ts';
import { SpanMemory } from './span-memory.ts';
import { isEarlier, TaskRows, type ToldTask, taskIdOfSpan } from './task-rows.ts';

/** A span whose agent, and so whose file, is known. */
export interface RoutedSpan {
  readonly span: SpanRecord;
  readonly agentId: string | null;
  readonly session: SessionSight;
}

/** What became of a span in this process, so that its books can follow a change of mind. */
interface Fate {
  readonly dialect: string;
  disposition: Disposition;
}

/** A span with what only this process knows of it; on the node itself, since a WeakMap of them cost 3 % of a batch. */
interface Tracked extends SpanNode {
  fate?: Fate;
  written?: Written;
}

/** What the row of a call was last written from: while all of it is the same, so is the row. */
interface Written {
  readonly facts: SpanFacts;
  readonly owner: Owner | null;
  readonly parentRow: string | null;
}

/** Cancels of tasks that never show up stay counted as ignored; beyond this many the oldest are not waited for. */
const MAX_EARLY_SIGNALS = 10_000;

const PLACE: Readonly<Record<Reading['what'], NodeClass>> = {
  task: 'task',
  call: 'call',
  signal: 'signal',
  step: 'step',
  server: 'server',
};

function isWritten(was: Written | undefined, facts: SpanFacts, owner: Owner | null, parentRow: string | null): boolean {
  if (was === undefined || was.facts !== facts || was.parentRow !== parentRow) return false;
  return was.owner?.taskExecutionId === owner?.taskExecutionId && was.owner?.match === owner?.match;
}

const namesOf = (reading: Reading): TaskName | null => ('names' in reading ? reading.names : null);

/** Another build has brought the file's schema up since it was opened: open it anew, which also says whether this build still may write. */
export class SchemaMoved extends Error {
  override readonly name = 'SchemaMoved';
}

/** Turns spans into rows of one file: one transaction per batch, the same rows for any order and any cutting into batches. */
export class FileRecorder {
  readonly file: OpenFile;
  readonly #ledger: Ledger;
  readonly #labelled: Labels;
  readonly #now: () => number;
  readonly #memory: SpanMemory;
  readonly #counter: ChangeCounter;
  readonly #tasks: TaskRows;
  readonly #calls: CallRows;
  readonly #labels: LabelRows;
  readonly #inferred: InferredOwners;
  readonly sessions: SessionRows;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  readonly #dataVersion: Statement;
  readonly #signal: Statement;
  /** Cancel spans of this process whose task has no row yet, by task; for the books only. */
  readonly #earlySignals = new Map<string, readonly SpanNode[]>();
  #seenVersion = -1;
  // the transaction at hand
  readonly #dirtyCalls = new Set<SpanNode>();
  readonly #touchedTasks = new Set<string>();
  readonly #told = new Map<string, ToldTask>();
  readonly #signalled = new Map<string, { source: string; taskId: string }>();

  constructor(file: OpenFile, ledger: Ledger, labels: Labels, now: () => number) {
    this.file = file;
    this.#ledger = ledger;
    this.#labelled = labels;
    this.#now = now;
    const { db } = file;
    this.#memory = new SpanMemory(db);
    this.#counter = new ChangeCounter(db);
    this.#tasks = new TaskRows(db, this.#memory, this.#counter);
    this.#calls = new CallRows(db, this.#counter);
    this.#labels = new LabelRows(db, this.#counter);
    this.#inferred = new InferredOwners(db, this.#counter);
    this.sessions = new SessionRows(db, this.#counter);
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
    this.#rollback = db.prepare('rollback');
    this.#dataVersion = db.prepare('pragma data_version').pluck();
    this.#signal = prepareQuery(
      db,
      sqlBuilder
        .insertInto('task_signals')
        .values({ source: '', task_id: '', kind: '', trace_id: '', span_id: '', at_ms: 0, seen_at: 0 })
        .onConflict((oc) => oc.doNothing()),
    );
  }

  /** How often the cache of spans was too small; the rows are right all the same. */
  get evictions(): number {
    return this.#memory.evictions;
  }

  /**
   * @throws {SqliteError} when the file is locked, full, gone or too new; nothing of the batch is then in the file, and
   * nothing of it in the books.
   */
  apply(batch: readonly RoutedSpan[]): void {
    this.transact(() => {
      for (const routed of batch) this.#take(routed);
      this.#settleCalls();
      const nowSeconds = Math.floor(this.#now() / 1000);
      this.#memory.flush(nowSeconds);
      this.#settleTasks();
      this.#inferred.settle();
      this.sessions.flush(this.#now());
    });
    this.#memory.trim();
    for (const key of this.#earlySignals.keys()) {
      if (this.#earlySignals.size <= MAX_EARLY_SIGNALS) break;
      this.#earlySignals.delete(key);
    }
  }

  /** One write transaction; on any error everything in memory is forgotten too, so the next try starts from the file. */
  transact(work: () => void): void {
    this.#begin.run();
    try {
      if (this.file.schemaMoved()) throw new SchemaMoved();
      const version = this.#dataVersion.get() as number;
      if (version !== this.#seenVersion) {
        // Another connection has written since: what we remember may be old.
        this.#forget();
        this.#seenVersion = version;
      }
      this.#counter.begin();
      work();
      this.#counter.end();
      this.#commit.run();
    } catch (error) {
      if (this.file.db.inTransaction) this.#rollback.run();
      this.#forget();
      this.#ledger.rollback();
      throw error;
    } finally {
      this.#dirtyCalls.clear();
      this.#touchedTasks.clear();
      this.#told.clear();
      this.#signalled.clear();
    }
    this.#ledger.commit();
  }

  #forget(): void {
    this.#memory.forget();
    this.#tasks.forget();
    this.#inferred.forget();
    this.#labels.forget();
    this.sessions.forget();
  }

  #take({ span, agentId, session }: RoutedSpan): void {
    const ended = span.endMs !== null;
    const existing = this.#memory.get(span.traceId, span.spanId);
    if (existing !== undefined && !ended) return;
    const { dialect, reading } = classify(span);
    if (existing !== undefined && existing.facts.endMs !== null) {
      this.#ledger.post(dialect, null, 'repeated');
      return;
    }
    if (isoTime(span.startMs) === null) {
      if (ended) this.#ledger.post(dialect, null, 'ignored:bad_time');
      return;
    }
    const sessionId = this.sessions.sight(session, agentId);
    const cls = ended || reading.what === 'task' ? PLACE[reading.what] : 'open';
    const node: Tracked = {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      parentRemote: span.parentRemote,
      cls,
      ref: null,
      agentId,
      facts: {
        startMs: span.startMs,
        endMs: span.endMs,
        durationMs: span.durationMs,
        // A span seen twice belongs to the session that saw it start.
        sessionId: existing?.facts.sessionId ?? sessionId,
        reading: cls === 'open' ? null : reading,
        names: namesOf(reading),
      },
    };
    if (existing === undefined) this.#memory.add(node);
    else this.#memory.replace(existing, node);
    this.#place(node, reading, dialect, span);
    this.#touchBelow(node);
    if (node.facts.names !== null && cls !== 'task') this.#tell(node, node.facts.names);
  }

  #place(node: Tracked, reading: Reading, dialect: string, span: SpanRecord): void {
    const ended = node.facts.endMs !== null;
    switch (node.cls) {
      case 'task': {
        node.ref = taskIdOfSpan(node) as string;
        this.#touchedTasks.add(node.ref);
        this.#labels.collect(node.ref, this.#labelled, span);
        // recorded or merged: told when the row is written
        if (ended) node.fate = { dialect, disposition: 'waiting' };
        if (ended) this.#ledger.post(dialect, null, 'waiting');
        return;
      }
      case 'call':
        this.#dirtyCalls.add(node);
        node.fate = { dialect, disposition: 'waiting' };
        this.#ledger.post(dialect, null, 'waiting');
        return;
      case 'signal':
        if (reading.what === 'signal') this.#takeSignal(node, reading.source, reading.taskId, dialect);
        return;
      case 'server':
        node.fate = { dialect, disposition: 'ignored:server_span' };
        this.#ledger.post(dialect, null, 'ignored:server_span');
        this.#takeServer(node);
        return;
      case 'step':
        this.#ledger.post(dialect, null, `ignored:${reading.what === 'step' ? reading.reason : 'step'}`);
        return;
      case 'open':
        return;
    }
  }

  /** What stands below a span that has just become known may now have an owner, a target, a parent. */
  #touchBelow(node: SpanNode): void {
    const stack: SpanNode[] = [node];
    const visited = new Set<SpanNode>([node]);
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      for (const child of this.#memory.children(next)) {
        if (visited.has(child)) continue;
        visited.add(child);
        if (child.cls === 'task') {
          if (child.ref !== null) this.#touchedTasks.add(child.ref);
          continue;
        }
        if (child.cls === 'call') this.#dirtyCalls.add(child);
        if (child.cls === 'server' && next === node) this.#takeServer(child);
        stack.push(child);
      }
    }
  }

  #takeSignal(node: Tracked, source: string, taskId: string, dialect: string): void {
    node.fate = { dialect, disposition: 'ignored:cancel_without_task' };
    this.#ledger.post(dialect, null, 'ignored:cancel_without_task');
    const key = `${source}:${taskId}`;
    this.#earlySignals.set(key, [...(this.#earlySignals.get(key) ?? []), node]);
    const { facts } = node;
    this.#signal.run(source, taskId, 'cancelled', node.traceId, node.spanId, facts.startMs, Math.floor(this.#now() / 1000));
    this.#signalled.set(key, { source, taskId });
  }

  /** A server span completes the HTTP call that is its parent. */
  #takeServer(node: Tracked): void {
    if (node.parentSpanId === null || node.facts.reading?.what !== 'server') return;
    const client = this.#memory.get(node.traceId, node.parentSpanId);
    if (client === undefined || callOf(client)?.kind !== 'http') return;
    this.#fate(node, 'merged');
    const { statusCode } = node.facts.reading;
    if (statusCode === null || client.facts.serverStatus === statusCode) return;
    client.facts = { ...client.facts, serverStatus: statusCode };
    this.#memory.changed(client);
    this.#dirtyCalls.add(client);
  }

  #tell(node: SpanNode, task: TaskName): void {
    const key = `${task.source}:${task.taskId}:${task.attempt}`;
    const known = this.#told.get(key);
    const startedAt = isoTime(node.facts.startMs) ?? '';
    if (known !== undefined && !isEarlier(startedAt, node.traceId, isoTime(known.startMs) ?? '', known.traceId)) return;
    this.#told.set(key, {
      task,
      startMs: node.facts.startMs,
      traceId: node.traceId,
      sessionId: node.facts.sessionId,
      agentId: node.agentId,
    });
  }

  #settleCalls(): void {
    // A set grows while it is walked: a fold makes its target dirty again.
    for (const node of this.#dirtyCalls) {
      this.#dirtyCalls.delete(node);
      const reading = callOf(node);
      if (reading !== null && node.ref?.startsWith(FOLDED) !== true) this.#settleCall(node, reading);
    }
  }

  #settleCall(node: Tracked, reading: CallReading): void {
    const place = placeOfCall(this.#memory, node);
    const rowId = spanRowId(node.traceId, node.spanId);
    if (place.target !== null) {
      if (node.ref !== null) {
        this.#calls.remove(rowId);
        this.sessions.countCall(node.facts.sessionId, -1);
      }
      node.ref = FOLDED + place.target.spanId;
      this.#memory.changed(node);
      place.target.facts = withFolded(place.target.facts, node, reading, place.crossesServer);
      this.#memory.changed(place.target);
      this.#dirtyCalls.add(place.target);
      this.#fate(node, 'merged');
      return;
    }
    const owner = exactOwner(this.#memory, node);
    const parent = place.parentCall;
    const parentRow = parent === null ? null : spanRowId(parent.traceId, parent.spanId);
    // Its parents end after it and ask again, batch after batch: one call in eight, at the price of writing it.
    if (isWritten(node.written, node.facts, owner, parentRow)) return;
    this.#calls.write(node, reading, owner, parentRow);
    node.written = { facts: node.facts, owner, parentRow };
    if (node.ref === null) {
      node.ref = rowId;
      this.#memory.changed(node);
      this.sessions.countCall(node.facts.sessionId, 1);
    }
    if (owner === null) this.#inferred.unowned(rowId);
    else this.#inferred.ownerFound(reading.conversationId, reading.callId);
    this.#fate(node, 'recorded');
  }

  #settleTasks(): void {
    for (const [key, { source, taskId }] of this.#signalled) {
      const attempts = this.#tasks.attemptsOf(source, taskId);
      for (const id of attempts) this.#touchedTasks.add(id);
      if (attempts.length > 0) this.#signalApplied(key);
    }
    for (const told of this.#told.values()) this.#tellTask(told);
    for (const id of this.#touchedTasks) {
      this.#touchedTasks.delete(id);
      const written = this.#tasks.derive(id);
      if (written === null) continue;
      const { state, spans, isNew, isFirstSight, leftTrace } = written;
      if (isNew) this.sessions.countTask(state.last.facts.sessionId, 1);
      if (isFirstSight) {
        this.#inferred.traceChanged(state.first.traceId);
        this.#inferred.traceChanged(leftTrace);
        this.#attemptAppeared(state.reading.source, state.reading.taskId);
      }
      this.#inferred.conversationChanged(state.reading.conversationId);
      this.#fate(state.first, 'recorded');
      for (const span of spans) if (span !== state.first) this.#fate(span, 'merged');
    }
    this.#labels.write();
  }

  #tellTask(told: ToldTask): void {
    const { isNew, traces } = this.#tasks.tell(told);
    if (traces.length === 0) return;
    if (isNew) this.sessions.countTask(told.sessionId, 1);
    for (const traceId of traces) this.#inferred.traceChanged(traceId);
    this.#attemptAppeared(told.task.source, told.task.taskId);
  }

  /** A cancel may fall on this attempt now, and no longer on an earlier one. */
  #attemptAppeared(source: string, taskId: string | null): void {
    if (taskId === null || !this.#tasks.hasSignals(source, taskId)) return;
    this.#signalApplied(`${source}:${taskId}`);
    for (const id of this.#tasks.attemptsOf(source, taskId)) this.#touchedTasks.add(id);
  }

  /** The cancel spans of a task completed its row. */
  #signalApplied(key: string): void {
    for (const node of this.#earlySignals.get(key) ?? []) this.#fate(node, 'merged');
    this.#earlySignals.delete(key);
  }

  #fate({ fate }: Tracked, disposition: Disposition): void {
    if (fate === undefined || fate.disposition === disposition) return;
    this.#ledger.post(fate.dialect, fate.disposition, disposition);
    fate.disposition = disposition;
  }
}
