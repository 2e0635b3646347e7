import { unlink } from 'node:fs/promises';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { join } from 'node:path';
import type { BackOffSpan } from './back-off.ts';
import { type ForwardTarget, type ForwardTargets, targetName } from './forward-targets.ts';
import { type ForwardedRequest, type Forwarding, type ForwardReport, SIGNALS, type Signal } from './forwarding.ts';
import { BEAT_MS, Lane, newInstance, type OwnProcess } from './lane.ts';
import { Losses } from './losses.ts';
import { recordHead, writeRecord } from './record-file.ts';
import { newRecordName, type RecordName } from './record-name.ts';
import { sendRequest } from './send-request.ts';
import { expiredSentence, SignalSender } from './signal-sender.ts';
import { WaitingQueue } from './waiting-queue.ts';

export interface ForwardingOptions {
  /** Where requests wait. Several processes may share it. */
  readonly folder: string;
  readonly targets: ForwardTargets;
  /** As others may ask for it: `{ observer: observer(), startedAt: ownProcessStart() }` of the store. */
  readonly self: OwnProcess;
  /** Of the queue, default 512. Counted in blocks of 4 KiB, of this process and what it took over. */
  readonly maxMb?: number;
  /** Default 72. */
  readonly maxHours?: number;
  /** Whether what waits survives a power cut; the process's death it always does. Default false. */
  readonly fsync?: boolean;
  /** Silence of a target after which an attempt is given up, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** After failures. Default 1 s, doubling to a minute. */
  readonly backOff?: BackOffSpan;
  /** How often other processes' leavings and old records are looked for, ms. Default 10,000. */
  readonly beatMs?: number;
  /** At close, for what is on the way, ms. Default 2,000. */
  readonly graceMs?: number;
}

/** Opens the queue and sends what lies in it. Never rejects: a folder that cannot be used is `trouble` in the report. */
export async function openForwarding(options: ForwardingOptions): Promise<Forwarding> {
  const forwarding = new DiskForwarding(options);
  await forwarding.open();
  return forwarding;
}

class DiskForwarding implements Forwarding {
  readonly instance = newInstance();
  readonly #options: ForwardingOptions;
  readonly #lane: Lane;
  readonly #queue: WaitingQueue;
  readonly #losses = new Losses();
  readonly #senders: { readonly [S in Signal]?: SignalSender };
  readonly #agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new TlsAgent({ keepAlive: true }) };
  readonly #abort = new AbortController();
  readonly #maxAgeMs: number;
  readonly #writing = new Set<Promise<void>>();
  #beat: NodeJS.Timeout | null = null;
  #tending: Promise<void> | null = null;
  /** Of the last body, and of the last look at the folder: either may fail while the other goes well. */
  readonly #diskTrouble: { write: string | null; tend: string | null } = { write: null, tend: null };
  #isOpen = false;
  #closed: Promise<void> | null = null;

  constructor(options: ForwardingOptions) {
    const { folder, self, targets, maxMb = 512, maxHours = 72 } = options;
    this.#options = options;
    this.#maxAgeMs = maxHours * 3_600_000;
    this.#lane = new Lane(folder, this.instance, self);
    const signals = SIGNALS.filter((signal) => targets[signal] !== undefined);
    this.#queue = new WaitingQueue(maxMb * 1_048_576, signals);
    this.#senders = Object.fromEntries(
      signals.map((signal) => [signal, this.#senderOf(signal, targets[signal] as ForwardTarget)]),
    );
  }

  #senderOf(signal: Signal, target: ForwardTarget): SignalSender {
    const { folder, timeoutMs = 10_000, backOff = { firstMs: 1000, maxMs: 60_000 } } = this.#options;
    const agent = target.url.protocol === 'https:' ? this.#agents['https:'] : this.#agents['http:'];
    const sending = { agent, instance: this.instance, timeoutMs, signal: this.#abort.signal };
    return new SignalSender({
      signal,
      targetName: targetName(target.url),
      queue: this.#queue,
      losses: this.#losses,
      lane: this.#lane.path,
      bad: join(folder, 'bad'),
      maxAgeMs: this.#maxAgeMs,
      backOff,
      send: (request) => sendRequest(target, request, sending),
      now: Date.now,
    });
  }

  async open(): Promise<void> {
    await this.#tend();
    this.#beat = setInterval(() => void this.#tend(), this.#options.beatMs ?? BEAT_MS);
    this.#beat.unref();
  }

  takes(signal: Signal): boolean {
    return this.#senders[signal] !== undefined;
  }

  async offer(request: ForwardedRequest): Promise<void> {
    const sender = this.#senders[request.signal];
    if (sender === undefined) return;
    const head = recordHead(request);
    const record = newRecordName(request.signal, head.length + request.body.byteLength, Date.now(), this.instance);
    if (!this.#queue.reserve(record)) {
      this.#losses.drop(
        'queue_full',
        request.signal,
        '',
        () =>
          `${request.signal} are dropped, not forwarded: the queue is full, ${this.#queue.held.requests} requests wait in ${this.#options.folder}; mend the target, or raise AI_TRACKER_FORWARD_MAX_MB`,
      );
      return;
    }
    const write = this.#write(record, head, request.body);
    this.#writing.add(write);
    await write;
    this.#writing.delete(write);
    sender.pump();
  }

  report(): ForwardReport {
    const senders = Object.values(this.#senders);
    const { write, tend } = this.#diskTrouble;
    const troubles = [write ?? tend, ...senders.map((sender) => sender.trouble), this.#homeless()].filter(
      (text) => text !== null,
    );
    return {
      forwarded: senders.reduce((sum, sender) => sum + sender.taken, 0),
      waiting: this.#queue.held,
      dropped: { ...this.#losses.counts },
      rejected: { ...this.#losses.rejected },
      trouble: troubles.length === 0 ? null : troubles.join('; '),
      lastLoss: this.#losses.last,
    };
  }

  #homeless(): string | null {
    const { requests, signals } = this.#queue.withoutTarget;
    if (requests === 0) return null;
    return `${requests} ${requests === 1 ? 'request waits' : 'requests wait'} in ${this.#options.folder} for a target of ${signals.join(' and ')}, which none is set for: set it, or what is ${this.#maxAgeMs / 3_600_000} hours old is dropped`;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    const grace = setTimeout(() => this.#abort.abort(), this.#options.graceMs ?? 2000);
    await Promise.all(Object.values(this.#senders).map((sender) => sender.stop()));
    clearTimeout(grace);
    await this.#tending;
    await Promise.all(this.#writing);
    for (const agent of Object.values(this.#agents)) agent.destroy();
    await this.#lane.release();
  }

  async #write(record: RecordName, head: Buffer, body: Uint8Array): Promise<void> {
    try {
      await writeRecord(this.#lane.path, record.name, head, body, { fsync: this.#options.fsync ?? false });
      this.#queue.add(record);
      this.#diskTrouble.write = null;
    } catch (error) {
      this.#queue.remove(record);
      this.#diskFails('write', error);
      this.#losses.drop(
        'disk',
        record.signal,
        '',
        () => `${record.signal} are dropped, not forwarded: ${(error as Error).message}`,
      );
    }
  }

  #diskFails(what: 'write' | 'tend', error: unknown): void {
    const { folder } = this.#options;
    this.#diskTrouble[what] =
      `cannot keep requests to forward in ${folder}: ${(error as Error).message}; make the folder writable or free its disk`;
  }

  /** What a predecessor left; where the folder could not be used at first, requests of our own may lie there already. */
  async #openLane(): Promise<RecordName[]> {
    const own = `-${this.instance}.otlp`;
    return (await this.#lane.open()).filter((record) => !record.name.endsWith(own));
  }

  /** Says that we live, takes over what others left, gives up what is too old, sends. */
  #tend(): Promise<void> {
    this.#tending ??= this.#tendOnce().finally(() => {
      this.#tending = null;
    });
    return this.#tending;
  }

  async #tendOnce(): Promise<void> {
    try {
      const found = this.#isOpen ? await this.#lane.adopt() : await this.#openLane();
      if (found.length > 0) this.#queue.addFound(found);
      this.#isOpen = true;
      this.#diskTrouble.tend = null;
    } catch (error) {
      this.#diskFails('tend', error);
    }
    for (const record of this.#queue.takeOlderThan(Date.now() - this.#maxAgeMs)) {
      await unlink(join(this.#lane.path, record.name)).catch(() => undefined);
      this.#queue.remove(record);
      this.#losses.drop('expired', record.signal, '', () => expiredSentence(record.signal, this.#maxAgeMs));
    }
    for (const sender of Object.values(this.#senders)) sender.pump();
  }
}
