import { PROCESS_SILENCE_MS } from '../model/liveness.ts';
import { lastWriteMs, observer } from '../store/process-liveness.ts';
import { deleteOlderThan, forgetMemory, type RetentionStep, trimTombstones } from '../store/retention.ts';
import type { FileRecorder } from './file-recorder.ts';
import type { RecorderConfig } from './recorder-config.ts';

/** A file that is opened again within this time is not searched for tasks of dead sessions again. */
const LOSE_EVERY_MS = 60_000;
/** Files whose last look for lost tasks is remembered although they are not open. */
const REMEMBERED_LOOKS = 20_000;
/** Rows per step of retention and forgetting: a step holds the write lock for some milliseconds. */
const SWEEP_STEP = 2000;
/** How long a sweep may go on with such steps in one file; others write in between them, and the next sweep goes on. */
const SWEEP_BUDGET_MS = 250;
/** Readers that follow changes look more often than this many rows go away. */
const TOMBSTONES_KEPT = 100_000;
/** How long it stays open whether an agent's span is a task when its local root does not come. */
const AGENT_WAIT_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What a file needs beside writes: tasks of dead sessions, undecided agents, old rows and old memory. */
export class FileUpkeep {
  readonly #config: RecorderConfig;
  readonly #now: () => number;
  /** Path → when tasks of dead sessions were looked for. */
  readonly #searched = new Map<string, number>();

  constructor(config: RecorderConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
  }

  /** The file was opened. */
  begin(path: string, recorder: FileRecorder): void {
    if (this.#now() - (this.#searched.get(path) ?? Number.NEGATIVE_INFINITY) >= LOSE_EVERY_MS) this.loseTasks(path, recorder);
  }

  /** Another file may lie there next. */
  forget(path: string): void {
    this.#searched.delete(path);
  }

  /** Marks running tasks of sessions that are gone. */
  loseTasks(path: string, recorder: FileRecorder): void {
    const { settings } = this.#config;
    const limits = { processMs: PROCESS_SILENCE_MS, senderMs: settings.senderTimeoutMinutes * MINUTE_MS };
    // Asked before the transaction, whose own write would make the file look lively.
    const written = lastWriteMs(path);
    if (written === 0) return;
    recorder.transact(() => recorder.sessions.loseTasksOfTheGone(observer(), this.#now(), written, limits));
    if (this.#searched.size >= REMEMBERED_LOOKS) this.#searched.clear();
    this.#searched.set(path, this.#now());
  }

  /**
   * In steps, between which others may write.
   * @param isOpen whether the file is still open as this recorder.
   */
  *sweep(path: string, recorder: FileRecorder, isOpen: () => boolean): Generator<void, void, void> {
    const { settings } = this.#config;
    const { db } = recorder.file;
    this.loseTasks(path, recorder);
    recorder.settleForgottenAgents(Math.floor((this.#now() - AGENT_WAIT_MS) / 1000), SWEEP_STEP);
    const until = performance.now() + SWEEP_BUDGET_MS;
    const inSteps = function* (step: () => RetentionStep): Generator<void, void, void> {
      while (isOpen()) {
        const { more } = step();
        if (!more || performance.now() > until) return;
        yield;
      }
    };
    /** What is gone from the file must not be taken for written by a batch that comes before the next step. */
    const forgetting = (step: RetentionStep): RetentionStep => {
      if (step.deleted > 0) recorder.forget();
      return step;
    };
    const forgetBefore = Math.floor((this.#now() - settings.memoryDays * DAY_MS) / 1000);
    yield* inSteps(() => forgetting(forgetMemory(db, forgetBefore, SWEEP_STEP)));
    if (settings.retentionDays !== null) {
      const deleteBefore = new Date(this.#now() - settings.retentionDays * DAY_MS).toISOString();
      yield* inSteps(() => forgetting(deleteOlderThan(db, deleteBefore, SWEEP_STEP)));
      yield* inSteps(() => trimTombstones(db, TOMBSTONES_KEPT, SWEEP_STEP));
    }
  }
}
