import type { Recording } from '../model/recording.ts';
import type { LogRecord, Origin, SpanBatch, SpanRecord } from '../model/span-record.ts';
import type { Decoded } from '../otlp/decoded.ts';

/** Spans of one transaction: one of 4,096 costs a third of eight of 512 (docs/decisions/0001). */
const BATCH_SPANS = 4096;
/** Attempts while another process holds the file; each waits for the recorder's busy timeout. */
const TRIES = 3;

export interface WriteFailure {
  readonly spans: number;
  readonly message: string;
}

/** Collects spans of many requests and hands them to the recorder in batches of a size that SQLite likes. */
export class BatchFeed {
  readonly failures: WriteFailure[] = [];
  readonly #recording: Recording;
  readonly #origin: Origin;
  #spans: SpanRecord[] = [];
  #logs: LogRecord[] = [];

  constructor(recording: Recording, agentId: string | null, receivedMs: number) {
    this.#recording = recording;
    this.#origin = { door: 'file', agentId, receivedMs };
  }

  add(decoded: Decoded): void {
    for (const span of decoded.spans) {
      this.#spans.push(span);
      if (this.#spans.length >= BATCH_SPANS) this.flush();
    }
    for (const log of decoded.logs) {
      this.#logs.push(log);
      if (this.#logs.length >= BATCH_SPANS) this.flush();
    }
  }

  flush(): void {
    if (this.#spans.length === 0 && this.#logs.length === 0) return;
    let batch: SpanBatch = { origin: this.#origin, spans: this.#spans, logs: this.#logs };
    this.#spans = [];
    this.#logs = [];
    for (let tries = 1; ; tries++) {
      const outcome = this.#recording.apply(batch);
      if (outcome.status === 'written') return;
      batch = outcome.rest;
      if (outcome.reason !== 'locked' || tries >= TRIES) {
        this.failures.push({ spans: batch.spans.length, message: outcome.message });
        return;
      }
    }
  }
}
