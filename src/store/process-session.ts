import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProcessSession } from '../model/span-record.ts';
import { bootId, ownProcessStart, pidNamespace } from './process-liveness.ts';

let current: ProcessSession | null = null;

/** This run of this process; the same object at every call. */
export function currentProcessSession(): ProcessSession {
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
