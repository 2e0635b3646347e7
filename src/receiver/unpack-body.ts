import { createGunzip, createInflate, createInflateRaw, type Gunzip, type Inflate, type InflateRaw } from 'node:zlib';
import { GrowingBytes } from './growing-bytes.ts';
import type { Packing } from './media.ts';
import type { MemoryShare } from './memory-budget.ts';

export type Unpacking =
  | { readonly status: 'unpacked'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly status: 'too-large' }
  | { readonly status: 'no-memory' }
  | { readonly status: 'malformed'; readonly why: string };

/** One trip to the thread pool each: a batch of 512 spans takes four. */
const CHUNK = { chunkSize: 128 * 1024 };

/**
 * Unpacks off this thread, chunk by chunk, and stops at `maxBytes`: a bomb costs that much and no more. (zlib's own
 * `maxOutputLength` would not know of the other requests' memory.)
 */
export async function unpackBody(
  packed: Uint8Array,
  packing: Exclude<Packing, 'plain'>,
  maxBytes: number,
  memory: MemoryShare,
): Promise<Unpacking> {
  const body = new GrowingBytes(maxBytes, memory);
  const stream = unpacker(packed, packing);
  stream.end(packed);
  try {
    for await (const chunk of stream) {
      const outcome = body.append(chunk as Buffer);
      if (outcome !== 'taken') return { status: outcome };
    }
  } catch (error) {
    return { status: 'malformed', why: (error as Error).message };
  } finally {
    stream.destroy();
  }
  return { status: 'unpacked', bytes: body.finish() };
}

function unpacker(packed: Uint8Array, packing: 'gzip' | 'deflate'): Gunzip | Inflate | InflateRaw {
  if (packing === 'gzip') return createGunzip(CHUNK);
  return beginsAsZlib(packed) ? createInflate(CHUNK) : createInflateRaw(CHUNK);
}

/** RFC 1950 §2.2. By RFC 9110 `deflate` has this header; some senders leave it away. */
function beginsAsZlib([method = 0, flags = 0]: Uint8Array): boolean {
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}
