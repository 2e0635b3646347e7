import type { RecorderOptions } from '../model/settings.ts';
import { type OpenIntake, openIntake } from './open-intake.ts';
import type { ReadableSpanLike } from './readable-span.ts';
import { samplerWatch } from './sampler-finding.ts';

/** What we need of a span that was just started: any SDK span has it. */
type StartedSpan = object;

/**
 * Records the spans of a TracerProvider as rows of tasks and tool calls. A task is a row from its start on.
 *
 * ```ts
 * new BasicTracerProvider({ spanProcessors: [new AiTrackerSpanProcessor({ agentId: 'worker-7' })] });
 * ```
 *
 * Its methods never throw and never wait, whatever the disk does; options that are not given come from the environment
 * (`AI_TRACKER_*`, `AGENT_ID`). Works with the SpanProcessor interface of SDK 2.x and 3.x.
 */
export class AiTrackerSpanProcessor {
  readonly #open: OpenIntake | null;
  readonly #watchSampler: (processor: object) => void;
  #shutDown: Promise<void> | null = null;

  constructor(options: RecorderOptions = {}) {
    this.#open = openIntake(options);
    this.#watchSampler = samplerWatch();
  }

  onStart(span: StartedSpan, _parentContext?: unknown): void {
    if (this.#open === null || this.#shutDown !== null) return;
    this.#watchSampler(this);
    this.#open.intake.started(span as ReadableSpanLike);
  }

  onEnd(span: ReadableSpanLike): void {
    if (this.#open === null) return;
    if (this.#shutDown === null) this.#open.intake.ended(span);
    else this.#open.intake.refuse();
  }

  /**
   * Resolves when every span that ended before the call is committed to its file. May be called at any time, also twice.
   * @throws {Error} after `timeoutMillis` (30 s), when the file cannot be written: the spans stay queued.
   */
  forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    if (this.#shutDown !== null) return this.#shutDown;
    return this.#open?.intake.flush(options?.timeoutMillis) ?? Promise.resolve();
  }

  /** Flushes and ends the session; later spans are counted as dropped. The second call returns the first one's promise. */
  shutdown(): Promise<void> {
    this.#shutDown ??= this.#open?.close() ?? Promise.resolve();
    return this.#shutDown;
  }
}
