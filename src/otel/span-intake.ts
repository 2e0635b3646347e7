import { attributeFilter, keepsEvent } from '../dialect/kept-attributes.ts';
import type { Settings } from '../model/settings.ts';
import type { SpanSource, Writer } from '../writer/writer.ts';
import { encodeSpans, type Projection } from './project-span.ts';
import type { ReadableSpanLike, ResourceLike } from './readable-span.ts';

/** A host that never yields to its event loop still hands over, from within onEnd, each time so many batches lie here. */
const BATCHES_HELD = 4;
/** Longest wait for a resource's asynchronous attributes; its synchronous ones nearly always name agent and service. */
const RESOURCE_WAIT_MS = 3000;

/**
 * Spans on their way from the SDK to the writer. Taking one in pushes a reference; projection and encoding happen a batch
 * at a time, after the host's own work (docs/decisions/0001). Of the started spans only those that are still open when
 * their batch goes are sent: a short span costs nothing twice, a long task is a row while it runs.
 */
export class SpanIntake implements SpanSource {
  readonly #writer: Writer;
  readonly #projection: Projection;
  readonly #batchSize: number;
  readonly #flushMs: number;
  #started: ReadableSpanLike[] = [];
  #ended: ReadableSpanLike[] = [];
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #resourceWait: Promise<void> | null = null;
  #resourcesTrusted = new WeakSet<ResourceLike>();

  constructor(writer: Writer) {
    this.#writer = writer;
    this.#projection = projectionOf(writer.settings);
    this.#batchSize = Math.max(1, writer.settings.batchSize);
    this.#flushMs = writer.settings.flushMs;
    writer.addSource(this);
  }

  get held(): number {
    return this.#ended.length;
  }

  started(span: ReadableSpanLike): void {
    if (this.#started.push(span) >= BATCHES_HELD * this.#batchSize) this.#handOver(0);
    else if (this.#timer === null) this.#startTimer();
  }

  ended(span: ReadableSpanLike): void {
    this.#writer.accept();
    const count = this.#ended.push(span);
    if (count >= this.#batchSize) {
      if (count >= BATCHES_HELD * this.#batchSize) this.#handOver(this.#batchSize);
      else this.soon();
    } else if (this.#timer === null) {
      this.#startTimer();
    }
  }

  /** Counts a span that came too late. */
  refuse(): void {
    this.#writer.accept();
    this.#writer.drop('after_shutdown', 1);
  }

  /**
   * Like `flush`, but what ends in the same turn of the host goes along: an exporter behind a SimpleSpanProcessor would
   * make a transaction of every span otherwise.
   */
  async committed(timeoutMs?: number): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.flush(timeoutMs);
  }

  /** Hands over after the host's current turn. */
  soon(): void {
    if (this.#immediate !== null) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = null;
      this.#turn();
    });
    this.#immediate.unref();
  }

  handOverAll(): void {
    do this.#handOver(this.#batchSize);
    while (this.#ended.length > 0);
  }

  /** Resolves when what ended before is committed; rejects when it is not after `timeoutMs`. */
  async flush(timeoutMs?: number): Promise<void> {
    await this.#resourceReady();
    await this.#writer.flush(timeoutMs);
  }

  close(): void {
    this.handOverAll();
    this.#writer.removeSource(this);
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#turn();
    }, this.#flushMs);
    this.#timer.unref();
  }

  /** One block of work on the event loop: at most a batch, then the host has its turn. */
  #turn(): void {
    const wait = this.#resourceReady();
    if (wait !== null) {
      void wait.then(() => this.soon());
      return;
    }
    this.#handOver(this.#batchSize);
    if (this.#ended.length >= this.#batchSize) this.soon();
    else if (this.#ended.length > 0 && this.#timer === null) this.#startTimer();
  }

  #handOver(endedLimit: number): void {
    const open = this.#started.filter((span) => !span.ended);
    this.#started = [];
    let ended: ReadableSpanLike[];
    if (this.#ended.length <= endedLimit) {
      ended = this.#ended;
      this.#ended = [];
    } else {
      ended = this.#ended.splice(0, endedLimit);
    }
    const spans = open.length === 0 ? ended : open.concat(ended);
    if (spans.length === 0) return;
    let text: string;
    try {
      text = encodeSpans(spans, this.#writer.origin, this.#projection);
    } catch {
      this.#handOverOneByOne(spans);
      return;
    }
    this.#writer.handOver(text, spans.length, ended.length);
  }

  /** One of them is not what the SDK's types promise: the others go on. */
  #handOverOneByOne(spans: readonly ReadableSpanLike[]): void {
    for (const span of spans) {
      let ended = 1;
      try {
        ended = span.ended ? 1 : 0;
        this.#writer.handOver(encodeSpans([span], this.#writer.origin, this.#projection), 1, ended);
      } catch {
        this.#writer.drop('failed', ended);
      }
    }
  }

  /** null when the next spans' resource is complete. */
  #resourceReady(): Promise<void> | null {
    if (this.#resourceWait !== null) return this.#resourceWait;
    const resource = (this.#ended[0] ?? this.#started[0])?.resource;
    if (resource?.asyncAttributesPending !== true || resource.waitForAsyncAttributes === undefined) return null;
    if (this.#resourcesTrusted.has(resource)) return null;
    const settled = resource.waitForAsyncAttributes().catch(() => {});
    const late = new Promise<void>((resolve) => setTimeout(resolve, RESOURCE_WAIT_MS).unref());
    this.#resourceWait = Promise.race([settled, late]).then(() => {
      this.#resourcesTrusted.add(resource);
      this.#resourceWait = null;
    });
    return this.#resourceWait;
  }
}

function projectionOf(settings: Settings): Projection {
  return { keepsAttribute: attributeFilter([...settings.labelKeys, ...(settings.agentAttributes ?? [])]), keepsEvent };
}
