import { applyGuarded } from '../ingest/apply-guarded.ts';
import { spanOfLog } from '../ingest/log-span.ts';
import type { Recording } from '../model/recording.ts';
import type { LogRecord, Origin, SpanRecord } from '../model/span-record.ts';
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
    let spans: readonly SpanRecord[] = [...this.#spans, ...this.#logs.map(spanOfLog)];
    this.#spans = [];
    this.#logs = [];
    for (let tries = 1; spans.length > 0; tries++) {
      const { rest, guilty } = applyGuarded(this.#recording, this.#origin, [spans]);
      this.#tellGuilty(guilty);
      if (rest === null) return;
      spans = [...rest.spans];
      if (rest.failure.reason !== 'locked' || tries >= TRIES) {
        this.failures.push({ spans: spans.length, message: rest.failure.message });
        return;
      }
    }
  }

  /** They stay in the file that they were read from. */
  #tellGuilty(guilty: ReadonlyMap<SpanRecord, Error>): void {
    const [first] = guilty;
    if (first === undefined) return;
    const [{ traceId, spanId }, error] = first;
    const message = `a mistake of ours, please report it with the span: ${error.message} (span ${spanId} of trace ${traceId}).`;
    this.failures.push({ spans: guilty.size, message });
  }
}
