import { type FileClock, PROCESS_SILENCE_MS, SENDER, sessionState } from '../model/liveness.ts';
import type { OpenFile } from '../store/open.ts';
import { lastWriteMs, observer } from '../store/process-liveness.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { Selection } from './across-files.ts';
import { runQuery } from './run-query.ts';

/** Stands for "no session" in a list that SQL compares with. */
export const NO_SESSION = '';

/**
 * Sessions with running tasks whose process is gone: what a writer will call lost when it next opens the file, a reader
 * says at once. `NO_SESSION` is among them, since nothing can end a task that no session runs.
 */
export function goneSessions(file: OpenFile, { settings, nowMs }: Selection): readonly string[] {
  const withRunning = runQuery<{ session_id: string | null }>(
    file,
    sqlBuilder.selectFrom('task_executions').select('session_id').distinct().where('status', '=', 'running'),
  );
  const ids = withRunning.flatMap(({ session_id }) => (session_id === null ? [] : [session_id]));
  if (ids.length === 0) return [NO_SESSION];
  const sessions = new Map(
    runQuery<SessionRow>(file, sqlBuilder.selectFrom('agent_sessions').select(COLUMNS).where('id', 'in', ids)).map((row) => [
      row.id,
      row,
    ]),
  );
  const [beat] = runQuery<{ newest: string | null }>(
    file,
    sqlBuilder.selectFrom('agent_sessions').select((eb) => eb.fn.max('heartbeat_at').as('newest')),
  );
  const newest = beat?.newest ?? null;
  const clock: FileClock = {
    nowMs,
    lastWriteMs: lastWriteMs(file.path),
    newestBeatMs: newest === null ? 0 : Date.parse(newest),
  };
  const limits = { processMs: PROCESS_SILENCE_MS, senderMs: settings.senderTimeoutMinutes * 60_000 };
  const who = observer();
  const isGone = (id: string): boolean => {
    const row = sessions.get(id);
    return row === undefined || sessionState(factsOf(row), who, clock, limits) === 'gone';
  };
  return [NO_SESSION, ...ids.filter(isGone)];
}

const COLUMNS = ['id', 'ended_at', 'heartbeat_at', 'pid', 'boot_id', 'pid_namespace', 'process_started_at'] as const;

interface SessionRow {
  readonly id: string;
  readonly ended_at: string | null;
  readonly heartbeat_at: string;
  readonly pid: number | null;
  readonly boot_id: string | null;
  readonly pid_namespace: string | null;
  readonly process_started_at: string | null;
}

const factsOf = (row: SessionRow) => ({
  endedMs: row.ended_at === null ? null : Date.parse(row.ended_at),
  lastBeatMs: Date.parse(row.heartbeat_at),
  pid: row.pid,
  bootId: row.boot_id,
  pidNamespace: row.pid_namespace,
  processStartedAt: row.process_started_at,
  isSender: row.id.startsWith(SENDER),
});
