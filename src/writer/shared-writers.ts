import type { Settings } from '../model/settings.ts';
import { Writer } from './writer.ts';

interface Shared {
  readonly writer: Writer;
  users: number;
}

const open = new Map<string, Shared>();
/** Closed ones still have books to show. */
const all = new Set<Writer>();

/** The process's writer of these settings; several processors and exporters share one thread. */
export function acquireWriter(settings: Settings, entry: URL): Writer {
  const key = JSON.stringify([settings, entry.href]);
  let shared = open.get(key);
  if (shared === undefined) {
    shared = { writer: new Writer(settings, entry), users: 0 };
    open.set(key, shared);
    all.add(shared.writer);
  }
  shared.users += 1;
  return shared.writer;
}

/** Flushes; with its last user the writer is closed. */
export function releaseWriter(writer: Writer, timeoutMs?: number): Promise<void> {
  for (const [key, shared] of open) {
    if (shared.writer !== writer) continue;
    shared.users -= 1;
    if (shared.users > 0) return writer.flush(timeoutMs);
    open.delete(key);
    return writer.close(timeoutMs);
  }
  return Promise.resolve();
}

/** Every writer that this process has had. */
export function allWriters(): ReadonlySet<Writer> {
  return all;
}
