import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProcessSession } from '../model/span-record.ts';
import { bootId, ownProcessStart, pidNamespace } from '../store/process-liveness.ts';

let current: ProcessSession | null = null;

/**
 * The running session of this process (of this thread, where the host has several): the same object until `endSession`.
 * Its id is random: a pid comes back, a host name is shared by containers.
 */
export function currentSession(): ProcessSession {
  current ??= {
    id: randomUUID(),
    host: hostname(),
    pid: process.pid,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    processStartedAt: ownProcessStart(),
    startedMs: Date.now(),
  };
  return current;
}

/** What comes after is another session: a processor that was shut down has said that its session is over. */
export function endSession(session: ProcessSession): void {
  if (current === session) current = null;
}
