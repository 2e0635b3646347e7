import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessSession } from '../model/span-record.ts';

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
    bootId: read('/proc/sys/kernel/random/boot_id'),
    pidNamespace: pidNamespace(),
    processStartedAt: processStartedAt(),
    startedMs: Date.now(),
  };
  return current;
}

/** What comes after is another session: a processor that was shut down has said that its session is over. */
export function endSession(session: ProcessSession): void {
  if (current === session) current = null;
}

/** Field 22 of /proc/self/stat; the name in field 2 may hold blanks and brackets, so count from its last bracket. */
function processStartedAt(): string | null {
  const stat = read('/proc/self/stat');
  if (stat === null) return null;
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
