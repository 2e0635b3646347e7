import type { RecorderOptions } from '../model/settings.ts';
import { type OpenIntake, openIntake } from './open-intake.ts';
import type { ReadableSpanLike } from './readable-span.ts';

/** Numbers of `ExportResultCode` in @opentelemetry/core, which is not imported. */
const SUCCESS = 0;
const FAILED = 1;

export interface ExportResultLike {
  readonly code: number;
  readonly error?: Error;
}

/**
 * The same recorder for whoever already has a BatchSpanProcessor, or NodeSDK's `traceExporter`. It sees ended and sampled
 * spans only: prefer `AiTrackerSpanProcessor` where you can, which also sees tasks while they run.
 *
 * The callback gets the truth: success means that the spans are committed to their file. Where nothing is to be recorded
 * (`disabled`), or nothing can be (Node before 22: `health()` is red), every export succeeds and does nothing.
 */
export class AiTrackerSpanExporter {
  readonly #open: OpenIntake | null;
  #shutDown: Promise<void> | null = null;

  constructor(options: RecorderOptions = {}) {
    this.#open = openIntake(options);
  }

  export(spans: readonly ReadableSpanLike[], resultCallback: (result: ExportResultLike) => void): void {
    if (this.#open === null) {
      // Disabled, or on a Node that is too old: the SDK logs an error for each batch that failed, and none of these is the
      // app's fault. The second was warned of once and is red in health().
      resultCallback({ code: SUCCESS });
      return;
    }
    const { intake } = this.#open;
    if (this.#shutDown !== null) {
      for (const _ of spans) intake.refuse();
      resultCallback({ code: FAILED, error: new Error('the exporter was shut down before this export') });
      return;
    }
    for (const span of spans) intake.ended(span);
    intake.committed().then(
      () => resultCallback({ code: SUCCESS }),
      (error: Error) => resultCallback({ code: FAILED, error }),
    );
  }

  /** @throws {Error} after `timeoutMillis` (30 s), when the file cannot be written: the spans stay queued. */
  forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    if (this.#shutDown !== null) return this.#shutDown;
    return this.#open?.intake.flush(options?.timeoutMillis) ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.#shutDown ??= this.#open?.close() ?? Promise.resolve();
    return this.#shutDown;
  }
}
