/**
 * Whether the process behind a session still runs. A pid says nothing outside its own boot and pid namespace (two
 * containers on one machine share the host's boot id and both have a pid 1), so it is asked only where both are ours;
 * everywhere else silence decides.
 */

export interface SessionFacts {
  /** Epoch milliseconds; null while the session is not ended. */
  readonly endedMs: number | null;
  /** Its last heartbeat, else its start; epoch milliseconds by the clock of whoever wrote it. */
  readonly lastBeatMs: number;
  readonly pid: number | null;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly processStartedAt: string | null;
  /** Known only by what it sends over OTLP; its beat is the last receipt. */
  readonly isSender: boolean;
}

/** The one who asks. */
export interface Observer {
  readonly hostBootId: string | null;
  readonly pidNamespace: string | null;
  /** Whether this pid of our own namespace is the process that started then. */
  isAlive(pid: number, processStartedAt: string | null): boolean;
}

/** What the file tells of time, so that no clock of another host is compared with ours. */
export interface FileClock {
  /** Our clock. */
  readonly nowMs: number;
  /** When the file was last written, by the clock of its file system. */
  readonly lastWriteMs: number;
  /** The latest `lastBeatMs` of any session in the file: the file's own last word on time. */
  readonly newestBeatMs: number;
}

export interface SilenceLimits {
  readonly processMs: number;
  readonly senderMs: number;
}

export const PROCESS_SILENCE_MS = 5 * 60_000;

/** Begins the id of a session that is known only by what it sends. */
export const SENDER = 'otlp:';

export type SessionState = 'alive' | 'gone';

/**
 * A session is gone when it has ended, when its process has, or after too long a silence. The silence is how long ago
 * the file was last written plus how far this session's beat lies behind the newest one in it.
 */
export function sessionState(session: SessionFacts, observer: Observer, clock: FileClock, limits: SilenceLimits): SessionState {
  if (session.endedMs !== null && session.endedMs >= session.lastBeatMs) return 'gone';
  if (sharesPids(session, observer)) return observer.isAlive(session.pid as number, session.processStartedAt) ? 'alive' : 'gone';
  const silenceMs = Math.max(0, clock.nowMs - clock.lastWriteMs) + Math.max(0, clock.newestBeatMs - session.lastBeatMs);
  return silenceMs > (session.isSender ? limits.senderMs : limits.processMs) ? 'gone' : 'alive';
}

const sharesPids = (session: SessionFacts, observer: Observer): boolean =>
  !session.isSender &&
  session.pid !== null &&
  session.bootId !== null &&
  session.pidNamespace !== null &&
  session.bootId === observer.hostBootId &&
  session.pidNamespace === observer.pidNamespace;
