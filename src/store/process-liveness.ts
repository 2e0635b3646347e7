import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Observer } from '../model/liveness.ts';

/** What /proc says of processes. Every answer is null where there is no /proc (macOS, Windows): then silence decides. */

const tryRead = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
};

const tryLink = (path: string): string | null => {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
};

export const bootId = (): string | null => tryRead('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
export const pidNamespace = (): string | null => tryLink('/proc/self/ns/pid');

interface ProcessStat {
  /** One letter: R, S, D, Z (ended, not yet waited for), X, … */
  readonly state: string;
  /** Field 22 of proc_pid_stat(5): clock ticks since boot. */
  readonly startedAt: string;
}

/** The command in field 2 may hold spaces and brackets, so fields are counted from its last `)`. */
export function parseProcessStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startedAt = fields[19];
  return state && startedAt ? { state, startedAt } : null;
}

/** Own start, by /proc/self: the pid we know is not the pid that /proc knows where /proc is another namespace's. */
export function ownProcessStart(): string | null {
  const stat = tryRead('/proc/self/stat');
  return stat === null ? null : (parseProcessStat(stat)?.startedAt ?? null);
}

/** `unshare --pid` without `--mount-proc` leaves us a /proc that numbers processes otherwise than we do. */
const procIsOurs = (): boolean => tryLink('/proc/self') === String(process.pid);

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Whether `pid` of our own pid namespace runs and is the process that started at `startedAt` (clock ticks since boot; null:
 * any). A process that was killed and not yet waited for by its parent has ended.
 */
export function isProcessAlive(pid: number, startedAt: string | null): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (procIsOurs()) {
    const text = tryRead(`/proc/${pid}/stat`);
    const stat = text === null ? null : parseProcessStat(text);
    if (stat !== null) {
      if (stat.state === 'Z' || stat.state === 'X') return false;
      return startedAt === null || stat.startedAt === startedAt;
    }
  }
  // No entry: ended, or /proc is mounted with hidepid and the process is another user's; the signal tells which.
  return answersSignal(pid);
}

/** This process as the one who asks. Read once a sweep: neither value changes while a process runs. */
export const observer = (): Observer => ({ hostBootId: bootId(), pidNamespace: pidNamespace(), isAlive: isProcessAlive });

/** When a database was last written: the later of the file and its write-ahead log. Epoch milliseconds; 0 where there is no file. */
export function lastWriteMs(path: string): number {
  let latest = 0;
  for (const file of [path, `${path}-wal`]) {
    const stat = statSync(file, { throwIfNoEntry: false });
    // An empty log is made by whoever opens the file, readers too.
    if (stat && stat.size > 0) latest = Math.max(latest, stat.mtimeMs);
  }
  return latest;
}
