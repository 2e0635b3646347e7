import { classify } from '../dialect/classify.ts';
import type { CommitChanges } from '../model/commit-attribution.ts';
import type { Reading, TaskName } from '../model/reading.ts';
import { isoTime, spanRowId } from '../model/row-ids.ts';
import type { NodeClass, SpanNode } from '../model/span-node.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { isLocalRoot } from '../resolve/agent-place.ts';
import { callOf } from '../resolve/ancestry.ts';
import type { OpenFile, Statement } from '../store/open.ts';
import { BareTasks } from './bare-tasks.ts';
import { CallParts } from './call-parts.ts';
import { CallRows } from './call-rows.ts';
import { CallSettler } from './call-settler.ts';
import { ChangeCounter } from './change-counter.ts';
import { CommitOwners, isCommitNode } from './commit-owners.ts';
import { CommitRows, commitRowId } from './commit-rows.ts';
import { EditRows } from './edit-rows.ts';
import { Fates, mayBeForgotten, type Tracked } from './fates.ts';
import { InferredOwners } from './inferred-owners.ts';
import { KeyedCalls } from './keyed-calls.ts';
import { LabelRows, type Labels } from './label-rows.ts';
import type { Ledger } from './ledger.ts';
import { PairedCalls } from './paired-calls.ts';
import { SessionRows, type SessionSight } from './session-rows.ts';
import { SpanMemory } from './span-memory.ts';
import { TaskRows, taskIdOfReading, taskIdOfSpan } from './task-rows.ts';
import { TaskSettler } from './task-settler.ts';

/** A span whose agent, and so whose file, is known. */
export interface RoutedSpan {
  readonly span: SpanRecord;
  readonly agentId: string | null;
  readonly session: SessionSight;
}

const PLACE: Readonly<Record<Reading['what'], NodeClass>> = {
  task: 'task',
  call: 'call',
  signal: 'signal',
  step: 'step',
  server: 'server',
};

/** An open span is what it is only where its end cannot change that: a task. */
function classOf(reading: Reading, ended: boolean): NodeClass {
  if (!ended && reading.what !== 'task') return 'open';
  return reading.what === 'call' && reading.asTask !== null ? 'agent' : PLACE[reading.what];
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
  readonly #kinds: ReadonlySet<string>;
  readonly #memory: SpanMemory;
  readonly #counter: ChangeCounter;
  readonly #tasks: TaskSettler;
  readonly #taskRows: TaskRows;
  readonly #calls: CallSettler;
  readonly #parts: CallParts;
  readonly #keyed: KeyedCalls;
  readonly #paired: PairedCalls;
  readonly #labels: LabelRows;
  readonly #edits: EditRows;
  /** Null before the first commit: most files have none, and each opening would prepare its statements. */
  #commits: CommitRows | null = null;
  readonly #commitOwners: CommitOwners;
  readonly #inferred: InferredOwners;
  readonly #fates: Fates;
  readonly #bare: BareTasks;
  readonly sessions: SessionRows;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  readonly #dataVersion: Statement;
  #seenVersion = -1;

  /** @param kinds kinds of call recorded beside those that always are (`classify`). */
  constructor(file: OpenFile, ledger: Ledger, labels: Labels, kinds: readonly string[], now: () => number) {
    this.file = file;
    this.#ledger = ledger;
    this.#labelled = labels;
    this.#now = now;
    this.#kinds = new Set(kinds);
    const { db } = file;
    const memory = new SpanMemory(db);
    const counter = new ChangeCounter(db);
    const edits = new EditRows(db, counter);
    const followers = {
      touch: (callId: string): void => {
        edits.touch(callId);
        this.#commitOwners.touchCall(callId);
      },
    };
    const inferred = new InferredOwners(db, counter, followers.touch);
    const sessions = new SessionRows(db, counter);
    const fates = new Fates(ledger);
    const bare = new BareTasks(db, counter, (callId) => edits.touch(callId));
    const callRows = new CallRows(db, counter, bare);
    this.#memory = memory;
    this.#counter = counter;
    this.#edits = edits;
    this.#inferred = inferred;
    this.#fates = fates;
    this.#bare = bare;
    this.sessions = sessions;
    this.#taskRows = new TaskRows(db, memory, counter);
    this.#tasks = new TaskSettler(db, { rows: this.#taskRows, bare, sessions, inferred, fates });
    this.#parts = new CallParts(db);
    this.#keyed = new KeyedCalls(db, { parts: this.#parts, rows: callRows, sessions, inferred, followers });
    this.#paired = new PairedCalls(this.#parts);
    this.#calls = new CallSettler(
      { now, memory, rows: callRows, keyed: this.#keyed, paired: this.#paired, sessions, inferred, fates },
      (node) => this.#touchBelow(node),
    );
    this.#commitOwners = new CommitOwners(db, counter, { memory, inferred, rowOfCall: (node) => this.#calls.rowOfCall(node) });
    this.#labels = new LabelRows(db, counter);
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
    this.#rollback = db.prepare('rollback');
    this.#dataVersion = db.prepare('pragma data_version').pluck();
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
      const nowSeconds = Math.floor(this.#now() / 1000);
      this.#parts.begin(nowSeconds);
      for (const routed of batch) this.#take(routed);
      this.#settle(nowSeconds);
    });
    this.#memory.trim();
    this.#taskRows.trim();
    this.sessions.trim();
  }

  /**
   * Writes commits whose lines were told apart, and drops those that are not live any more: the same rows whatever was written before.
   * @param agentId that committed
   * @throws {SqliteError} as `apply`
   */
  applyCommits({ written, gone }: CommitChanges, agentId: string | null): void {
    const rows = (this.#commits ??= new CommitRows(this.file.db, this.#counter));
    this.transact(() => {
      const nowSeconds = Math.floor(this.#now() / 1000);
      this.#parts.begin(nowSeconds);
      for (const commit of gone) rows.remove(commitRowId(commit));
      for (const commit of written) {
        if (rows.write(commit, agentId) === null) continue;
        const node = this.#commitOwners.take(commit, agentId);
        if (node?.facts.names != null) this.#tasks.tell(node, node.facts.names);
      }
      this.#settle(nowSeconds);
    });
    this.#memory.trim();
    this.#taskRows.trim();
  }

  /** Spans kept parsed in memory. */
  get cachedSpans(): number {
    return this.#memory.cached;
  }

  /** Keeps no more than `spans` of them, those of the latest traces. */
  trimSpans(spans: number): void {
    this.#memory.trimTo(spans);
  }

  /** Whether a span of that id was recorded here, as a row or not. */
  remembers(traceId: string, spanId: string): boolean {
    return this.#memory.get(traceId, spanId) !== undefined;
  }

  /** Agents whose local root never came are settled without it. @returns how many. */
  settleForgottenAgents(beforeSeconds: number, limit: number): number {
    const forgotten = this.#memory.undecidedAgents(beforeSeconds, limit);
    if (forgotten.length === 0) return 0;
    this.transact(() => {
      const nowSeconds = Math.floor(this.#now() / 1000);
      this.#parts.begin(nowSeconds);
      for (const { traceId, spanId } of forgotten) {
        const node = this.#memory.get(traceId, spanId);
        if (node !== undefined) this.#calls.settleForgotten(node);
      }
      this.#settle(nowSeconds);
    });
    return forgotten.length;
  }

  #settle(nowSeconds: number): void {
    this.#calls.settle();
    for (const node of this.#calls.takeNewTasks()) if (node.ref !== null) this.#tasks.touch(node.ref);
    this.#memory.flush(nowSeconds);
    this.#tasks.settle();
    this.#labels.write();
    this.#commitOwners.touchConversations(this.#inferred.conversations);
    this.#inferred.settle();
    this.#edits.settle();
    this.#commitOwners.settle();
    this.sessions.flush(this.#now());
    // What a task's row brought up of calls (a total that it states) is in memory only so far.
    this.#memory.flush(nowSeconds);
  }

  /** One write transaction; on any error everything in memory is forgotten too, so the next try starts from the file. */
  transact(work: () => void): void {
    this.#begin.run();
    try {
      if (this.file.schemaMoved()) throw new SchemaMoved();
      const version = this.#dataVersion.get() as number;
      if (version !== this.#seenVersion) {
        // Another connection has written since: what we remember may be old.
        this.forget();
        this.#seenVersion = version;
      }
      this.#counter.begin();
      work();
      this.#counter.end();
      this.#commit.run();
    } catch (error) {
      if (this.file.db.inTransaction) this.#rollback.run();
      this.forget();
      this.#ledger.rollback();
      throw error;
    } finally {
      this.#calls.clear();
      this.#keyed.clear();
      this.#paired.clear();
      this.#tasks.clear();
      this.#edits.clear();
      this.#commitOwners.clear();
    }
    this.#ledger.commit();
  }

  /** Drops everything that is only in memory: another connection wrote the file, or rows were deleted from it. */
  forget(): void {
    this.#memory.forget();
    this.#taskRows.forget();
    this.#bare.forget();
    this.#inferred.forget();
    this.#edits.forget();
    this.#commitOwners.forget();
    this.#labels.forget();
    this.sessions.forget();
  }

  #take({ span, agentId, session }: RoutedSpan): void {
    const ended = span.endMs !== null;
    const existing = this.#memory.get(span.traceId, span.spanId);
    if (existing !== undefined && !ended) return;
    const { dialect, reading } = classify(span, this.#kinds);
    if (span.kind === SPAN_KIND.log && reading.what === 'step') {
      if (reading.ends !== undefined) this.#keyed.end(reading.ends, spanRowId(span.traceId, span.spanId), span.startMs);
      if (reading.names === null) {
        // A record that makes no row and names no task is no link in any chain either.
        this.#ledger.post(dialect, `ignored:${reading.reason}`);
        return;
      }
    }
    if (existing !== undefined && existing.facts.endMs !== null) {
      this.#ledger.post(dialect, 'repeated');
      return;
    }
    if (isoTime(span.startMs) === null) {
      if (ended) this.#ledger.post(dialect, 'ignored:bad_time');
      return;
    }
    if (existing === undefined && reading.what === 'task' && mayBeForgotten(span.endMs ?? span.startMs, this.#now())) {
      const id = taskIdOfReading(reading, span.traceId, span.spanId);
      if (!this.#tasks.isTouched(id) && this.#taskRows.isForgotten(id)) {
        // Said again after its memory's time. The row has it, and more that cannot be known any more (a cancel, another span).
        if (ended) this.#ledger.post(dialect, 'repeated');
        return;
      }
    }
    const sessionId = this.sessions.sight(session, agentId);
    // An agent that the emitter gives a task's id is a task wherever it stands.
    const asTask = reading.what === 'call' && (isLocalRoot(span) || reading.asTask?.taskId != null) ? reading.asTask : null;
    const cls = asTask !== null ? 'task' : classOf(reading, ended);
    const node: Tracked = {
      traceId: this.#memory.idOf(span.traceId),
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
        reading: cls === 'open' ? null : (asTask ?? reading),
        names: namesOf(reading),
        ...(asTask !== null && reading.what === 'call' && ended ? { total: { ...reading, asTask: null } } : {}),
        ...(existing?.facts.usageBelow === true ? { usageBelow: true } : {}),
      },
      fate: undefined,
      written: undefined,
      around: undefined,
    };
    if (existing === undefined) this.#memory.add(node);
    else this.#memory.replace(existing, node);
    this.#place(node, reading, dialect, span);
    if (reading.what === 'call' && reading.key !== null) this.#edits.take(reading.key, span);
    this.#calls.inheritUsage(node);
    this.#touchBelow(node);
    if (node.facts.names !== null && cls !== 'task') this.#tasks.tell(node, node.facts.names);
  }

  #place(node: SpanNode, reading: Reading, dialect: string, span: SpanRecord): void {
    const ended = node.facts.endMs !== null;
    switch (node.cls) {
      case 'task':
        node.ref = taskIdOfSpan(node) as string;
        this.#tasks.touch(node.ref);
        this.#labels.collect(node.ref, this.#labelled, span);
        this.#calls.touch(node);
        // recorded or merged: told when the row is written
        if (ended) this.#fates.begin(node, dialect, 'waiting');
        return;
      case 'agent':
      case 'call':
        this.#calls.touch(node);
        this.#fates.begin(node, dialect, 'waiting');
        return;
      case 'signal':
        this.#fates.begin(node, dialect, 'ignored:cancel_without_task');
        if (reading.what === 'signal')
          this.#tasks.takeSignal(node, reading.source, reading.taskId, Math.floor(this.#now() / 1000));
        return;
      case 'server':
        this.#fates.begin(node, dialect, 'ignored:server_span');
        this.#takeServer(node);
        return;
      case 'step':
        this.#fates.begin(node, dialect, `ignored:${reading.what === 'step' ? reading.reason : 'step'}`);
        if (reading.what === 'step' && reading.verdict !== undefined) this.#calls.touchParent(node);
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
        this.#calls.touch(child);
        if (isCommitNode(child)) this.#commitOwners.touch(child);
        if (child.cls === 'task') {
          if (child.ref !== null) this.#tasks.touch(child.ref);
          continue;
        }
        if (child.cls === 'server' && next === node) this.#takeServer(child);
        stack.push(child);
      }
    }
  }

  /** A server span completes the HTTP call that is its parent. */
  #takeServer(node: SpanNode): void {
    if (node.parentSpanId === null || node.facts.reading?.what !== 'server') return;
    const client = this.#memory.get(node.traceId, node.parentSpanId);
    if (client === undefined || callOf(client)?.kind !== 'http') return;
    this.#fates.become(node, 'merged');
    const { statusCode } = node.facts.reading;
    if (statusCode === null || client.facts.serverStatus === statusCode) return;
    client.facts = { ...client.facts, serverStatus: statusCode };
    this.#memory.changed(client);
    this.#calls.touch(client);
  }
}
