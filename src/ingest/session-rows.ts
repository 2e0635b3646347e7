import { sql } from 'kysely';
import { type FileClock, type Observer, SENDER, sessionState } from '../model/liveness.ts';
import { isoTime } from '../model/row-ids.ts';
import type { ProcessSession } from '../model/span-record.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import type { ChangeCounter } from './change-counter.ts';
import { oldValue, prepareUpsert } from './upsert.ts';

/** What a batch tells of the process that its spans come from. */
export interface SessionSight {
  readonly id: string;
  /** null: an OTLP sender, known only by its resource. */
  readonly process: ProcessSession | null;
  /** When it was heard of, epoch milliseconds by our clock. */
  readonly seenMs: number;
  readonly serviceName: string | null;
  readonly serviceVersion: string | null;
  readonly instanceId: string | null;
  readonly host: string | null;
  readonly pid: number | null;
}

const T = 'agent_sessions';

/** Senders known to have a row; beyond this many they are looked up again. */
const REMEMBERED_SESSIONS = 10_000;

/** A process and a receiver may tell of one session: each fills what the other did not know. */
const RULES = {
  agent_id: 'first',
  started_at: 'first',
  heartbeat_at: oldValue(T, 'heartbeat_at'),
  host: 'first',
  pid: 'first',
  boot_id: 'first',
  pid_namespace: 'first',
  process_started_at: 'first',
  service_name: 'first',
  service_version: 'first',
  instance_id: 'first',
} as const;

interface SessionRow {
  id: string;
  ended_at: string | null;
  heartbeat_at: string;
  pid: number | null;
  boot_id: string | null;
  pid_namespace: string | null;
  process_started_at: string | null;
}

interface Counts {
  tasks: number;
  calls: number;
}

export interface SilenceLimits {
  readonly processMs: number;
  readonly senderMs: number;
}

/** Rows of `agent_sessions`: who writes, whether it lives, and what becomes of the tasks of those that do not. */
export class SessionRows {
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  readonly #beat: Statement;
  readonly #count: Statement;
  readonly #end: Statement;
  readonly #withRunning: Statement<[], { session_id: string | null }>;
  readonly #newestBeat: Statement<[], { newest: string | null }>;
  readonly #one: Statement<[string], SessionRow>;
  readonly #runningOf: Statement<[string | null], { id: string }>;
  readonly #lostOf: Statement<[string], { id: string }>;
  readonly #setStatus: Statement;
  /** Sessions that have a row, as far as we know; the value is the last beat written. */
  readonly #known = new Map<string, number>();
  /** Sessions whose service is in the row. A process beats before its first span tells what it is called. */
  readonly #described = new Set<string>();
  readonly #pending = new Map<string, { sight: SessionSight; agentId: string | null }>();
  readonly #counts = new Map<string, Counts>();
  /** The beat that each session with running tasks had when it was last looked at. Not forgotten: it is what we saw ourselves. */
  #looked = new Map<string, string>();

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, T, ['id'], RULES);
    const update = sqlBuilder.updateTable('agent_sessions');
    const laterBeat = sql<string>`max(heartbeat_at, ?)`;
    this.#beat = prepareQuery(db, update.set({ heartbeat_at: laterBeat }).where('id', '=', ''));
    this.#count = prepareQuery(
      db,
      update
        .set((eb) => ({ task_count: eb('task_count', '+', 0), tool_calls: eb('tool_calls', '+', 0), change_seq: 0 }))
        .where('id', '=', ''),
    );
    this.#end = prepareQuery(
      db,
      update.set({ ended_at: '', heartbeat_at: laterBeat, change_seq: 0 }).where('id', '=', '').where('ended_at', 'is', null),
    );
    const session = sqlBuilder.selectFrom('agent_sessions');
    this.#newestBeat = prepareQuery(
      db,
      session.select((eb) => eb.fn.max('heartbeat_at').as('newest')),
    );
    this.#one = prepareQuery(
      db,
      session
        .select(['id', 'ended_at', 'heartbeat_at', 'pid', 'boot_id', 'pid_namespace', 'process_started_at'])
        .where('id', '=', ''),
    );
    const task = sqlBuilder.selectFrom('task_executions');
    const running = task.where('status', '=', sql.lit('running' as const));
    this.#withRunning = prepareQuery(db, running.select('session_id').distinct());
    this.#runningOf = prepareQuery(db, running.select('id').where('session_id', 'is', sql<string>`?`));
    this.#lostOf = prepareQuery(
      db,
      task
        .select('id')
        .where('session_id', '=', '')
        .where('status', '=', sql.lit('lost' as const)),
    );
    this.#setStatus = prepareQuery(
      db,
      sqlBuilder.updateTable('task_executions').set({ status: 'lost', change_seq: 0 }).where('id', '=', ''),
    );
  }

  /** Between transactions. */
  trim(): void {
    if (this.#known.size <= REMEMBERED_SESSIONS) return;
    this.#known.clear();
    this.#described.clear();
  }

  forget(): void {
    this.#known.clear();
    this.#described.clear();
    this.#pending.clear();
    this.#counts.clear();
  }

  /** @returns the session's id. */
  sight(sight: SessionSight, agentId: string | null): string {
    const beat = this.#known.get(sight.id);
    if (beat === undefined || sight.seenMs > beat || this.#isNews(sight)) this.#pending.set(sight.id, { sight, agentId });
    return sight.id;
  }

  countCall(sessionId: string | null, by: 1 | -1): void {
    if (sessionId !== null) this.#countsOf(sessionId).calls += by;
  }

  countTask(sessionId: string | null, by: 1 | -1): void {
    if (sessionId !== null) this.#countsOf(sessionId).tasks += by;
  }

  /** Writes what the transaction saw of sessions. */
  flush(nowMs: number): void {
    for (const { sight, agentId } of this.#pending.values()) {
      // A receipt is all the beat that a sender has; what a process of ours sends is none, it may come out of a spool.
      if (sight.process === null) this.beat(sight, agentId, nowMs);
      else this.#write(sight, agentId, nowMs);
    }
    this.#pending.clear();
    for (const [id, { tasks, calls }] of this.#counts) {
      if (tasks === 0 && calls === 0) continue;
      const seq = this.#counter.next();
      if (this.#count.run(tasks, calls, seq, id).changes > 0) this.#counter.took(seq);
    }
    this.#counts.clear();
  }

  /** A sign of life. A task that was taken for lost because we were silent (a laptop that slept) runs again. */
  beat(sight: SessionSight, agentId: string | null, nowMs: number): void {
    const known = this.#one.get(sight.id);
    this.#write(sight, agentId, nowMs);
    if (known === undefined) return;
    for (const { id } of this.#lostOf.all(sight.id)) this.#become('running', id);
  }

  end(sessionId: string, nowMs: number): void {
    const at = isoTime(nowMs);
    const seq = this.#counter.next();
    if (this.#end.run(at, at, seq, sessionId).changes > 0) this.#counter.took(seq);
  }

  /** Marks the running tasks of sessions that are gone. @returns how many. */
  loseTasksOfTheGone(observer: Observer, nowMs: number, lastWriteMs: number, limits: SilenceLimits): number {
    const sessions = this.#withRunning.all();
    if (sessions.length === 0) return 0;
    const newest = this.#newestBeat.get()?.newest ?? null;
    const clock: FileClock = { nowMs, lastWriteMs, newestBeatMs: newest === null ? 0 : Date.parse(newest) };
    let lost = 0;
    const before = this.#looked;
    this.#looked = new Map();
    for (const { session_id: sessionId } of sessions) {
      const row = sessionId === null ? undefined : this.#one.get(sessionId);
      if (row !== undefined) {
        this.#looked.set(row.id, row.heartbeat_at);
        const earlier = before.get(row.id);
        // It beat between two looks of ours, whatever its clock says: a host whose clock is slow would seem silent for ever.
        const hasBeaten = earlier !== undefined && earlier !== row.heartbeat_at && row.ended_at === null;
        if (this.#state(row, observer, clock, limits, hasBeaten) === 'alive') continue;
      }
      for (const { id } of this.#runningOf.all(sessionId)) {
        this.#become('lost', id);
        lost++;
      }
    }
    return lost;
  }

  #state(row: SessionRow, observer: Observer, clock: FileClock, limits: SilenceLimits, hasBeaten: boolean): 'alive' | 'gone' {
    return sessionState(
      {
        endedMs: row.ended_at === null ? null : Date.parse(row.ended_at),
        lastBeatMs: hasBeaten ? clock.newestBeatMs : Date.parse(row.heartbeat_at),
        pid: row.pid,
        bootId: row.boot_id,
        pidNamespace: row.pid_namespace,
        processStartedAt: row.process_started_at,
        isSender: row.id.startsWith(SENDER),
      },
      observer,
      clock,
      limits,
    );
  }

  #become(status: 'running' | 'lost', taskExecutionId: string): void {
    const seq = this.#counter.next();
    this.#setStatus.run(status, seq, taskExecutionId);
    this.#counter.took(seq);
  }

  #write(sight: SessionSight, agentId: string | null, nowMs: number): void {
    const heard = isoTime(Math.max(sight.seenMs, nowMs)) ?? isoTime(nowMs);
    const p = sight.process;
    if (!this.#known.has(sight.id) || this.#isNews(sight)) {
      const seq = this.#counter.next();
      const { changes } = this.#upsert.run(
        sight.id,
        agentId,
        isoTime(p?.startedMs ?? sight.seenMs),
        heard,
        p?.host ?? sight.host,
        p?.pid ?? sight.pid,
        p?.bootId ?? null,
        p?.pidNamespace ?? null,
        p?.processStartedAt ?? null,
        sight.serviceName,
        sight.serviceVersion,
        sight.instanceId,
        seq,
      );
      if (changes > 0) this.#counter.took(seq);
    }
    if (sight.serviceName !== null) this.#described.add(sight.id);
    this.#beat.run(heard, sight.id);
    this.#known.set(sight.id, Math.max(sight.seenMs, nowMs));
  }

  #isNews(sight: SessionSight): boolean {
    return sight.serviceName !== null && !this.#described.has(sight.id);
  }

  #countsOf(sessionId: string): Counts {
    let counts = this.#counts.get(sessionId);
    if (counts === undefined) this.#counts.set(sessionId, (counts = { tasks: 0, calls: 0 }));
    return counts;
  }
}
