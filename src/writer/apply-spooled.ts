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
import { type Look, SnapshotEdits } from '../snapshot/snapshot-edits.ts';
import type { DrainVerdict, Named } from '../spool/drain.ts';
import type { SpooledHook, SpooledSpans, SpoolRecord } from '../spool/spool-record.ts';
import { LineMemories, type Touched } from './line-memories.ts';
import type { RecordingFor } from './target-recordings.ts';
import { writeCommitsBy } from './write-commits.ts';

/** Makes sense of a hook's record. */
export type ReadHook = (record: SpooledHook) => HookReading;

/** Name in the books of hook events that are read as Claude Code's. */
const DIALECT = 'claude-code';
const GIT_DIALECT = 'git';

interface Completion {
  readonly events: readonly HookEvent[];
  readonly isWaiting: boolean;
}

/** Hook events for one file and of one door: one transaction. */
interface Share {
  readonly key: string;
  readonly recording: Recording;
  readonly door: 'otlp' | 'hook';
  readonly agentId: string | null;
  receivedMs: number;
  readonly spans: SpanRecord[];
  readonly members: { readonly i: number; readonly verdict: DrainVerdict }[];
  /** Names of records that are told bare by now, and wait for what is known later. */
  readonly bare: string[];
}

/** Told bare by this process: once is enough. */
const toldBare = new Set<string>();
const MAX_TOLD = 10_000;

/**
 * Brings records of a spool into the files that they name. Made anew for each drain: a file that cannot be written holds up
 * its own records only, and is not tried for each of them.
 */
export class SpoolApplier {
  readonly #recordingFor: RecordingFor;
  readonly #readHook: ReadHook;
  readonly #stuck = new Set<string>();
  readonly #snapshots = new SnapshotEdits();
  readonly memories: LineMemories;
  readonly #waiting = new Set<string>();
  #look: Look = 'first';

  constructor(recordingFor: RecordingFor, readHook: ReadHook = readSpooledHook, memories = new LineMemories()) {
    this.#recordingFor = recordingFor;
    this.#readHook = readHook;
    this.memories = memories;
  }

  /** Records of commands whose changes hang on what is not known yet; they stay in the spool, which is no fault. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * The spool was seen whole: what waits is shown once more.
   *
   * @param show drains the records of these names
   * @returns what it does, and how many wait still
   */
  lookAgain<T>(show: (names: ReadonlySet<string>) => T): { readonly result: T; readonly waiting: number } {
    const names = new Set(this.#waiting);
    this.#waiting.clear();
    this.#look = 'last';
    try {
      return { result: show(names), waiting: this.#waiting.size };
    } finally {
      this.#look = 'first';
      this.#waiting.clear();
    }
  }

  apply(group: readonly Named[]): DrainVerdict[] {
    const verdicts = new Array<DrainVerdict>(group.length).fill('later');
    const shares = new Map<string, Share>();
    for (const { name, record, i } of inTime(group)) {
      if (record.kind === 'spans') verdicts[i] = this.#applySpans(record);
      else verdicts[i] = this.#share(name, record, i, shares);
    }
    for (const share of shares.values()) {
      const { key, recording, door, agentId, receivedMs, spans, members, bare } = share;
      if (spans.length === 0) continue;
      const isWritten = this.#write(key, { origin: { door, agentId, receivedMs }, spans, logs: [] }, recording);
      for (const { i, verdict } of members) verdicts[i] = isWritten ? verdict : 'later';
      if (isWritten) remember(bare);
    }
    return verdicts;
  }

  #applySpans({ target, batch }: SpooledSpans): DrainVerdict {
    const key = JSON.stringify(target);
    if (this.#stuck.has(key)) return 'later';
    return this.#write(key, decodeBatch(batch), this.#recordingFor(target, null)) ? 'applied' : 'later';
  }

  /** Puts the event to those that go with it. @returns what is known of the record by now */
  #share(name: string, record: SpooledHook, member: number, shares: Map<string, Share>): DrainVerdict {
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
      share = { key, recording, door, agentId: target.agentId, receivedMs, spans: [], members: [], bare: [] };
      shares.set(key, share);
    }
    share.receivedMs = Math.max(share.receivedMs, receivedMs);
    const { events, isWaiting } = this.#completed(reading.event, record);
    if (isWaiting) {
      this.#waiting.add(name);
      if (this.#look === 'first' || toldBare.has(name)) return 'later';
      share.bare.push(name);
    } else share.members.push({ i: member, verdict: this.#takeLines(events, record) });
    for (const event of events) share.spans.push(...spansOfHook(event));
    return 'later';
  }

  /** `waitsFor` where it cannot be kept now whose the lines are: the rows are written all the same. */
  #takeLines(events: readonly HookEvent[], record: SpooledHook): DrainVerdict {
    for (const event of events) {
      if (event.what !== 'tool') continue;
      const taken = this.memories.takeCall(event, record, this.#snapshots.found(event));
      if (taken !== 'taken') return taken;
    }
    return 'applied';
  }

  #applyGit(record: SpooledHook): DrainVerdict {
    const reading = readGitHook(record);
    if (reading.what === 'ignored') {
      this.#recordingFor({ ...record.target, agentId: null }, record.home ?? null).ignore(GIT_DIALECT, reading.reason);
      return reading.reason === 'not_json' ? { unreadable: 'its event is no JSON object' } : { ignored: reading.reason };
    }
    const taken = this.memories.takeGit(reading.event, record);
    return taken === 'taken' ? 'applied' : taken;
  }

  /** Once a drain is done: tells whose the lines of commits are, and writes their rows. @returns what went wrong, for a person */
  #settleCommits(settle: ((touched: readonly Touched[]) => void) | null, tendMs: number | null): string[] {
    try {
      if (settle === null) {
        const said = this.memories.settle(writeCommitsBy(this.#recordingFor));
        return tendMs === null ? said : [...said, ...this.memories.tend(tendMs)];
      }
      const { touched } = this.memories;
      if (touched.length > 0) settle(touched);
      return this.memories.takeSaid();
    } finally {
      this.memories.close();
    }
  }

  /** With the files that a command changed, where the hook kept what they were. */
  #completed(event: HookEvent, { snapshot = null, hookMs }: SpooledHook): Completion {
    if (event.what === 'tool') return this.#snapshots.complete(event, snapshot, hookMs ?? null, this.#look);
    this.#snapshots.end(event);
    return { events: [event], isWaiting: false };
  }

  /**
   * Once a drain is done: keeps what hooks left beside the repositories small.
   *
   * @param isPatient whether this process may take a minute for it
   * @param settle who finds out whose the lines of commits are; null: this one, now
   */
  tend(
    { spoolHours, memoryDays }: Pick<Settings, 'spoolHours' | 'memoryDays'>,
    isPatient: boolean,
    settle: ((touched: readonly Touched[]) => void) | null = null,
  ): string[] {
    return [
      ...this.#settleCommits(settle, isPatient ? memoryDays * 86_400_000 : null),
      ...this.#snapshots.tend({ stateMs: spoolHours * 3_600_000, contentMs: memoryDays * 86_400_000 }, isPatient),
    ];
  }

  #write(key: string, batch: SpanBatch, recording: Recording): boolean {
    const isWritten = recording.apply(batch).status === 'written';
    if (!isWritten) this.#stuck.add(key);
    return isWritten;
  }
}

function remember(names: readonly string[]): void {
  if (toldBare.size + names.length > MAX_TOLD) toldBare.clear();
  for (const name of names) toldBare.add(name);
}

/** Scripts name their records by a random number; what ran beside a command is to be known when the command is looked at. */
const inTime = (group: readonly Named[]): (Named & { readonly i: number })[] => {
  const timeOf = (record: SpoolRecord): number => (record.kind === 'hook' ? record.receivedMs : 0);
  return group.map(({ name, record }, i) => ({ name, record, i })).toSorted((a, b) => timeOf(a.record) - timeOf(b.record));
};

/** Asked of git once a minute at most, whichever drain asks. */
const repoIds = new RepoIds();

/** By Claude Code's reader: of other sources nothing is read yet. */
export function readSpooledHook(record: SpooledHook): HookReading {
  if (record.source !== 'claude') return { what: 'ignored', reason: 'unknown_source' };
  return readClaudeHook(...partsOfSpooledHook(record, (top, headSha) => repoIds.of(top, headSha)));
}
