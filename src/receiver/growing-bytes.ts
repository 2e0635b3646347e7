import type { MemoryShare } from './memory-budget.ts';

/** Chunks from here on are kept as they are; smaller ones are copied together. */
const WORTH_KEEPING = 8 * 1024;
const BLOCK_BYTES = 64 * 1024;

/**
 * Collects a body. Small chunks are copied into blocks: a sender that makes chunks of one byte each would otherwise cost a
 * hundred bytes of objects for every byte of its body. Memory is taken for what has come, not for what was promised.
 */
export class GrowingBytes {
  readonly #maxBytes: number;
  readonly #memory: MemoryShare;
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #block = Buffer.alloc(0);
  /** Where in the block the bytes begin that are in no part yet, and where they end. */
  #from = 0;
  #to = 0;

  constructor(maxBytes: number, memory: MemoryShare) {
    this.#maxBytes = maxBytes;
    this.#memory = memory;
  }

  append(chunk: Uint8Array): 'taken' | 'too-large' | 'no-memory' {
    const length = this.#length + chunk.byteLength;
    if (length > this.#maxBytes) return 'too-large';
    if (!this.#memory.take(chunk.byteLength)) return 'no-memory';
    this.#length = length;
    if (chunk.byteLength < WORTH_KEEPING) {
      this.#copy(chunk);
    } else {
      this.#endPart();
      this.#parts.push(chunk);
    }
    return 'taken';
  }

  /** The bytes in a buffer of their own and no longer one, so that it can be handed to another thread. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#endPart();
    // Not Buffer.concat: small ones come out of a buffer that others share. Nor a Buffer: its `slice` copies nothing.
    const whole = new Uint8Array(Buffer.allocUnsafeSlow(this.#length).buffer);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    return whole;
  }

  #copy(chunk: Uint8Array): void {
    if (this.#to + chunk.byteLength > this.#block.byteLength) {
      this.#endPart();
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    this.#block.set(chunk, this.#to);
    this.#to += chunk.byteLength;
  }

  #endPart(): void {
    if (this.#to > this.#from) this.#parts.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
