import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { type BackOffSpan, backOffMs } from './back-off.ts';
import type { ForwardedRequest, Signal } from './forwarding.ts';
import { type Answer, judgeAnswer } from './judge-answer.ts';
import type { Losses } from './losses.ts';
import { readRecord } from './record-file.ts';
import type { RecordName } from './record-name.ts';
import type { WaitingQueue } from './waiting-queue.ts';

export interface SenderParts {
  readonly signal: Signal;
  /** Of the target, as it may be said. */
  readonly targetName: string;
  readonly queue: WaitingQueue;
  readonly losses: Losses;
  /** Where this process's records lie. */
  readonly lane: string;
  /** Where unreadable ones go. */
  readonly bad: string;
  readonly maxAgeMs: number;
  readonly backOff: BackOffSpan;
  readonly send: (request: ForwardedRequest) => Promise<Answer>;
  readonly now: () => number;
}

/** Requests on the way at once, and their bodies in memory. A body that is larger goes alone. */
const IN_FLIGHT = 4;
const IN_FLIGHT_BYTES = 16 * 1_048_576;

/** While nobody mends the settings. */
const MISCONFIGURED: BackOffSpan = { firstMs: 30_000, maxMs: 300_000 };

/** After so many unclear errors a body is to blame, if the target took others meanwhile. */
const UNCLEAR_ATTEMPTS = 3;

interface Suspect {
  readonly attempts: number;
  /** `taken` at its first error. */
  readonly takenBefore: number;
}

/** Sends what waits of one signal, oldest first, at the pace that the target allows; while it fails, one request probes it. */
export class SignalSender {
  readonly #parts: SenderParts;
  readonly #running = new Set<Promise<void>>();
  readonly #suspects = new Map<string, Suspect>();
  #bytes = 0;
  #failures = 0;
  /** By a clock that nobody sets: set back by a day, the other would let nothing be sent for a day. */
  #notBefore = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #trouble: { readonly kind: string; readonly sentence: string } | null = null;
  taken = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  get trouble(): string | null {
    return this.#trouble?.sentence ?? null;
  }

  /** Sends what may be sent now. Cheap where that is nothing. */
  pump(): void {
    const { queue, signal } = this.#parts;
    while (!this.#stopped && this.#running.size < (this.#failures > 0 ? 1 : IN_FLIGHT)) {
      const waitMs = this.#notBefore - performance.now();
      if (waitMs > 0) {
        this.#pumpIn(waitMs);
        return;
      }
      const room = this.#running.size === 0 ? Number.POSITIVE_INFINITY : IN_FLIGHT_BYTES - this.#bytes;
      const record = queue.next(signal, room);
      if (record === null) return;
      this.#bytes += record.bytes;
      const run = this.#handle(record, this.#failures).finally(() => {
        this.#bytes -= record.bytes;
        this.#running.delete(run);
        this.pump();
      });
      this.#running.add(run);
    }
  }

  /** Starts no more; resolves when what is on the way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all(this.#running);
  }

  #pumpIn(waitMs: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.pump();
    }, waitMs);
    this.#timer.unref();
  }

  /** @param failures in a row when this attempt began: of several that fail together, one counts */
  async #handle(record: RecordName, failures: number): Promise<void> {
    const { queue, losses, lane, signal, now, maxAgeMs } = this.#parts;
    const path = join(lane, record.name);
    if (record.receivedMs < now() - maxAgeMs) {
      await this.#forget(record);
      losses.drop('expired', signal, '', () => expiredSentence(signal, maxAgeMs));
      return;
    }
    const reading = await readRecord(lane, record);
    switch (reading.status) {
      case 'gone':
        losses.drop(
          'removed',
          signal,
          '',
          () =>
            `cannot forward ${path}: somebody removed it; another receiver sends it where it took this one for dead, else it is lost`,
        );
        queue.remove(record);
        return;
      case 'unreadable':
        await this.#setAside(record);
        losses.drop(
          'unreadable',
          signal,
          '',
          () => `cannot forward ${path}: ${reading.message}; it is set aside in ${this.#parts.bad}`,
        );
        return;
      case 'failed':
        this.#wait(failures, this.#parts.backOff, null);
        this.#troubled('disk', `cannot read ${path} to forward it: ${reading.message}; kept and tried again`);
        queue.putBack(record);
        return;
      case 'read':
        return this.#judge(record, await this.#parts.send(reading.request), failures);
    }
  }

  async #judge(record: RecordName, answer: Answer, failures: number): Promise<void> {
    const { queue, losses, signal, targetName, backOff, now } = this.#parts;
    const verdict = judgeAnswer(answer, now());
    const kind = answer.status === 'answered' ? String(answer.code) : answer.message;
    const said =
      answer.status === 'failed' ? answer.message : `HTTP ${answer.code}${answer.said === '' ? '' : ` “${answer.said}”`}`;
    const tried = `cannot forward ${signal} to ${targetName}: ${said}`;
    if (this.#stopped && answer.status === 'failed') {
      queue.putBack(record);
      return;
    }
    switch (verdict.verdict) {
      case 'taken': {
        this.#recovered(record);
        await this.#forget(record);
        this.taken += 1;
        const loss = answer.status === 'answered' ? answer.loss : null;
        if (loss !== null) {
          const what = { traces: 'spans', logs: 'log records', metrics: 'data points' }[signal];
          const why = loss.message === '' ? '' : ` “${loss.message}”`;
          losses.reject(
            signal,
            loss.rejected,
            () => `${targetName} took a request and rejected ${loss.rejected} ${what} in it:${why || ' it does not say why'}`,
          );
        }
        return;
      }
      case 'refused':
        this.#recovered(record);
        await this.#forget(record);
        losses.drop('refused', signal, kind, () => `${tried}; the target will never take this request, it is dropped`);
        return;
      case 'later':
        this.#wait(failures, backOff, verdict.afterMs);
        this.#troubled(kind, `${tried}; kept and tried again`);
        queue.putBack(record);
        return;
      case 'misconfigured':
        this.#wait(failures, MISCONFIGURED, null);
        this.#troubled(kind, `${tried}; ${verdict.hint}. Kept and tried again every few minutes`);
        queue.putBack(record);
        return;
      case 'unclear': {
        const { attempts, takenBefore } = this.#suspects.get(record.name) ?? { attempts: 0, takenBefore: this.taken };
        if (attempts + 1 >= UNCLEAR_ATTEMPTS && this.taken > takenBefore) {
          this.#recovered(record);
          await this.#forget(record);
          losses.drop(
            'refused',
            signal,
            kind,
            () => `${tried}, ${attempts + 1} times, while it took others; this request is dropped`,
          );
          return;
        }
        this.#suspects.set(record.name, { attempts: attempts + 1, takenBefore });
        this.#wait(failures, backOff, null);
        this.#troubled(kind, `${tried}; kept and tried again`);
        queue.putLast(record);
        return;
      }
    }
  }

  #wait(failures: number, span: BackOffSpan, afterMs: number | null): void {
    if (failures === this.#failures) this.#failures += 1;
    const waitMs = Math.max(backOffMs(this.#failures, span), afterMs ?? 0);
    this.#notBefore = Math.max(this.#notBefore, performance.now() + waitMs);
  }

  #troubled(kind: string, sentence: string): void {
    if (this.#trouble?.kind !== kind) this.#trouble = { kind, sentence };
  }

  #recovered(record: RecordName): void {
    this.#failures = 0;
    this.#notBefore = 0;
    this.#trouble = null;
    this.#suspects.delete(record.name);
  }

  async #forget(record: RecordName): Promise<void> {
    const { lane, queue, signal } = this.#parts;
    this.#suspects.delete(record.name);
    try {
      await unlink(join(lane, record.name));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT')
        this.#troubled('unlink', `cannot delete forwarded ${signal}: ${message}; they are sent again at the next start`);
    }
    queue.remove(record);
  }

  async #setAside(record: RecordName): Promise<void> {
    const { lane, bad, queue } = this.#parts;
    try {
      makeFolder(bad);
      await rename(join(lane, record.name), join(bad, record.name));
    } catch {
      // It stays where it is, and is looked at again at the next start.
    }
    queue.remove(record);
  }
}

export const expiredSentence = (signal: Signal, maxAgeMs: number): string =>
  `${signal} waited for their target for more than ${maxAgeMs / 3_600_000} hours and were dropped; mend the target, or raise AI_TRACKER_FORWARD_HOURS`;
