import type { MemoryShare } from './memory-budget.ts';

const FIRST_BYTES = 64 * 1024;

/**
 * Collects a body. Its chunks are copied, not kept: a sender that makes chunks of one byte each would otherwise cost a
 * hundred bytes of objects for every byte of its body.
 */
export class GrowingBytes {
  readonly #maxBytes: number;
  readonly #memory: MemoryShare;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;
  readonly #expected: number;

  /** @param expectedBytes what the sender says; memory is taken for what has come, not for what was promised. */
  constructor(maxBytes: number, expectedBytes: number | null, memory: MemoryShare) {
    this.#maxBytes = maxBytes;
    this.#expected = expectedBytes ?? FIRST_BYTES;
    this.#memory = memory;
  }

  append(chunk: Uint8Array): 'taken' | 'too-large' | 'no-memory' {
    const needed = this.#length + chunk.byteLength;
    if (needed > this.#maxBytes) return 'too-large';
    if (needed > this.#bytes.byteLength && !this.#grow(needed)) return 'no-memory';
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
    return 'taken';
  }

  /** The bytes in a buffer of their own and no longer one, so that it can be handed to another thread. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.byteLength ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  #grow(needed: number): boolean {
    const held = this.#bytes.byteLength;
    const wanted = held === 0 ? FIRST_BYTES : Math.min(held * 2, this.#maxBytes);
    const capacity = Math.max(needed, this.#expected > held ? Math.min(wanted, this.#expected) : wanted);
    if (!this.#memory.take(capacity - held)) return false;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    return true;
  }
}
