import { Recorder } from '../../ingest/recorder.ts';
import { drainSpoolInGroups } from '../../spool/drain.ts';
import { readRecordFile } from '../../spool/read-record.ts';
import { spoolFolders } from '../../spool/spool-folder.ts';
import { recordNames } from '../../spool/write-record.ts';
import { SpoolApplier } from '../../writer/apply-spooled.ts';
import { TargetRecordings } from '../../writer/target-recordings.ts';
import { awaitRows } from './await-rows.ts';
import type { Bench } from './door.ts';
import { EDIT_ROW } from './hook-event.ts';

const LOCK_WAIT_MS = 5000;
/** `serve` and others drain each second. */
const ELSEWHERE_MS = 1500;

/** The spool as it is before an event. */
export interface SpoolMark {
  readonly folders: readonly string[];
  readonly names: ReadonlySet<string>;
}

export function markSpool({ settings, env }: Bench): SpoolMark {
  const folders = spoolFolders(settings, env).candidates;
  return { folders, names: new Set(folders.flatMap(recordNames)) };
}

/**
 * Makes a row of the event that came into the spool since then, and of nothing else: the spool may be long. Whoever else drains may
 * have been first, which is as good.
 *
 * @returns why there is no row, or null
 */
export async function drainOwnEvent(bench: Bench, sessionId: string, { folders, names }: SpoolMark): Promise<string | null> {
  const found = folders.flatMap((folder) =>
    recordNames(folder)
      .filter((name) => !names.has(name) && isOf(folder, name, sessionId))
      .map((name) => ({ folder, name })),
  );
  for (const { folder, name } of found) drainOne(bench, folder, name);
  // Nothing there: taken by a drain that is still at it, or never spooled.
  const isRow = await awaitRows(bench.file, EDIT_ROW, sessionId, bench.deadline.stepMs(ELSEWHERE_MS));
  if (isRow) return null;
  return found.length > 0 ? `it lay in ${found[0]?.folder}, and made no row` : `nothing came into ${folders.join(' or ')}`;
}

function isOf(folder: string, name: string, sessionId: string): boolean {
  try {
    const reading = readRecordFile(folder, name);
    return reading.what === 'record' && reading.record.kind === 'hook' && reading.record.payload.includes(sessionId);
  } catch {
    // Drained by another.
    return false;
  }
}

/** Into the file directly: what a drain remembers of agents, beside their files, is not to know of this one. */
function drainOne({ file, settings, env, deadline }: Bench, folder: string, name: string): void {
  const recordings = new TargetRecordings({
    settings,
    env,
    make: (of, home) =>
      new Recorder({ settings: { ...of, dbPath: file }, env: home, busyTimeoutMs: deadline.stepMs(LOCK_WAIT_MS) }),
  });
  try {
    const applier = new SpoolApplier((target, home) => recordings.of(target, home));
    const maxAgeMs = Number.POSITIVE_INFINITY;
    drainSpoolInGroups(folder, (group) => applier.apply(group), { maxAgeMs, leaves: (other) => other !== name });
  } finally {
    recordings.close();
  }
}
