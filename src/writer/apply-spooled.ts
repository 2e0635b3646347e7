import type { CommitsToWrite } from '../attribution/repository-memory.ts';
import { RepoIds } from '../git/repo-id.ts';
import { readClaudeHook } from '../hook/claude-code.ts';
import { readGitHook } from '../hook/git-hook.ts';
import type { HookEvent, HookReading } from '../hook/hook-event.ts';
import { partsOfSpooledHook } from '../hook/spooled-hook.ts';
import { spansOfHook } from '../ingest/hook-span.ts';
import { decodeBatch } from '../model/batch-codec.ts';
import type { Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import type { Origin, SpanBatch, SpanRecord } from '../model/span-record.ts';
import { SnapshotEdits } from '../snapshot/snapshot-edits.ts';
import type { DrainVerdict, Named } from '../spool/drain.ts';
import type { SpooledHook, SpooledSpans, SpoolRecord, SpoolTarget } from '../spool/spool-record.ts';
import { LineMemories } from './line-memories.ts';

/** Makes sense of a hook's record. */
export type ReadHook = (record: SpooledHook) => HookReading;

/**
 * @param home of the process that spooled, where its record says so: there its file lies where nothing else names one
 * @returns what writes the files of that target
 */
export type RecordingFor = (target: SpoolTarget, home: string | null) => Recording;

/** Name in the books of hook events that are read as Claude Code's. */
const DIALECT = 'claude-code';
const GIT_DIALECT = 'git';

/** Hook events for one file and of one door: one transaction. */
interface Share {
  readonly key: string;
  readonly recording: Recording;
  readonly door: 'otlp' | 'hook';
  readonly agentId: string | null;
  receivedMs: number;
  readonly spans: SpanRecord[];
  readonly members: number[];
}

/**
 * Brings records of a spool into the files that they name. Made anew for each drain: a file that cannot be written holds up
 * its own records only, and is not tried for each of them.
 */
export class SpoolApplier {
  readonly #recordingFor: RecordingFor;
  readonly #readHook: ReadHook;
  readonly #stuck = new Set<string>();
  readonly #snapshots = new SnapshotEdits();
  readonly memories = new LineMemories();

  constructor(recordingFor: RecordingFor, readHook: ReadHook = readSpooledHook) {
    this.#recordingFor = recordingFor;
    this.#readHook = readHook;
  }

  apply(group: readonly Named[]): DrainVerdict[] {
    const verdicts = new Array<DrainVerdict>(group.length).fill('later');
    const shares = new Map<string, Share>();
    for (const { record, i } of inTime(group)) {
      if (record.kind === 'spans') verdicts[i] = this.#applySpans(record);
      else verdicts[i] = this.#share(record, i, shares);
    }
    for (const share of shares.values()) {
      const { key, recording, door, agentId, receivedMs, spans, members } = share;
      const isWritten = this.#write(key, { origin: { door, agentId, receivedMs }, spans, logs: [] }, recording);
      for (const i of members) verdicts[i] = isWritten ? 'applied' : 'later';
    }
    return verdicts;
  }

  #applySpans({ target, batch }: SpooledSpans): DrainVerdict {
    const key = JSON.stringify(target);
    if (this.#stuck.has(key)) return 'later';
    return this.#write(key, decodeBatch(batch), this.#recordingFor(target, null)) ? 'applied' : 'later';
  }

  /** Puts the event to those that go with it. @returns what is known of the record by now */
  #share(record: SpooledHook, member: number, shares: Map<string, Share>): DrainVerdict {
    const { target, home = null, place, receivedMs, source } = record;
    if (source === 'git') return this.#applyGit(record);
    // Who can read it has yet to come: another version, or another command.
    if (source !== 'claude') return 'later';
    // Who sends over HTTP says where it is by its agent only, as senders of spans do.
    const door: Origin['door'] = place === undefined ? 'otlp' : 'hook';
    const key = JSON.stringify([target, home, door]);
    if (this.#stuck.has(key)) return 'later';
    const reading = this.#readHook(record);
    if (reading.what === 'ignored' && reading.reason === 'not_json') return { unreadable: 'its event is no JSON object' };
    // The agent stands in the batch: one recording serves all agents of a folder.
    const recording = this.#recordingFor({ ...target, agentId: null }, home);
    if (reading.what === 'ignored') {
      recording.ignore(DIALECT, reading.reason);
      return { ignored: reading.reason };
    }
    let share = shares.get(key);
    if (share === undefined) {
      share = { key, recording, door, agentId: target.agentId, receivedMs, spans: [], members: [] };
      shares.set(key, share);
    }
    share.receivedMs = Math.max(share.receivedMs, receivedMs);
    let isKept = true;
    for (const event of this.#completed(reading.event, record)) {
      share.spans.push(...spansOfHook(event));
      if (event.what === 'tool') isKept &&= this.memories.takeCall(event, record, this.#snapshots.found(event));
    }
    // Its rows are written all the same; it comes again for the lines.
    if (isKept) share.members.push(member);
    return 'later';
  }

  #applyGit(record: SpooledHook): DrainVerdict {
    const reading = readGitHook(record);
    if (reading.what === 'ignored') {
      this.#recordingFor({ ...record.target, agentId: null }, record.home ?? null).ignore(GIT_DIALECT, reading.reason);
      return reading.reason === 'not_json' ? { unreadable: 'its event is no JSON object' } : { ignored: reading.reason };
    }
    return this.memories.takeGit(reading.event, record) ? 'applied' : 'later';
  }

  /** Once a drain is done: tells whose the lines of commits are, and writes their rows. @returns what went wrong, for a person */
  settleCommits(): string[] {
    try {
      return this.memories.settle((changes) => this.#writeCommits(changes));
    } finally {
      this.memories.close();
    }
  }

  #writeCommits({ owner, written, gone }: CommitsToWrite): boolean {
    const target = owner.target as SpoolTarget;
    const { agentId } = target;
    const outcome = this.#recordingFor({ ...target, agentId: null }, owner.home).recordCommits(agentId, { written, gone });
    return outcome.status === 'written';
  }

  /** With the files that a command changed, where the hook kept what they were. */
  #completed(event: HookEvent, { snapshot = null, hookMs }: SpooledHook): HookEvent[] {
    return event.what === 'tool' ? this.#snapshots.complete(event, snapshot, hookMs ?? null) : [event];
  }

  /**
   * Once a drain is done: keeps what hooks left beside the repositories small.
   *
   * @param isPatient whether this process may take a minute for it
   */
  tend({ spoolHours, memoryDays }: Pick<Settings, 'spoolHours' | 'memoryDays'>, isPatient: boolean): string[] {
    return [
      ...this.settleCommits(),
      ...this.#snapshots.tend({ stateMs: spoolHours * 3_600_000, contentMs: memoryDays * 86_400_000 }, isPatient),
    ];
  }

  #write(key: string, batch: SpanBatch, recording: Recording): boolean {
    const isWritten = recording.apply(batch).status === 'written';
    if (!isWritten) this.#stuck.add(key);
    return isWritten;
  }
}

/** Scripts name their records by a random number; what ran beside a command is to be known when the command is looked at. */
const inTime = (group: readonly Named[]): { readonly record: SpoolRecord; readonly i: number }[] => {
  const timeOf = (record: SpoolRecord): number => (record.kind === 'hook' ? record.receivedMs : 0);
  return group.map(({ record }, i) => ({ record, i })).toSorted((a, b) => timeOf(a.record) - timeOf(b.record));
};

/** Asked of git once a minute at most, whichever drain asks. */
const repoIds = new RepoIds();

/** By Claude Code's reader: of other sources nothing is read yet. */
export function readSpooledHook(record: SpooledHook): HookReading {
  if (record.source !== 'claude') return { what: 'ignored', reason: 'unknown_source' };
  return readClaudeHook(...partsOfSpooledHook(record, (top, headSha) => repoIds.of(top, headSha)));
}
