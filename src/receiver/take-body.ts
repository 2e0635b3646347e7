import type { IncomingMessage } from 'node:http';
import type { ReceiverLimits } from './limits.ts';
import { PACKINGS_TAKEN, type Packing, packingOf } from './media.ts';
import { type MemoryBudget, MemoryShare } from './memory-budget.ts';
import { quoteWire } from './quote-wire.ts';
import { readBody } from './read-body.ts';
import type { RefusalReason } from './receiver.ts';
import { type Refusal, tryLater } from './refusal.ts';
import { unpackBody } from './unpack-body.ts';

/** A body, and what to do when nobody needs it any more. */
export interface TakenBody {
  readonly status: 'taken';
  /** Unpacked; in a buffer of its own, which may be handed to another thread. Empty where it was not wanted. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** As it came. Empty where it was not wanted. */
  readonly raw: Uint8Array;
  release(): void;
}

export type BodyTaking = TakenBody | { readonly status: 'refused'; readonly refusal: Refusal } | { readonly status: 'gone' };

/** Which forms of the body the caller needs. */
export interface Wanted {
  readonly body: boolean;
  readonly raw: boolean;
}

const NOTHING = new Uint8Array(0);

/**
 * Reads and unpacks a request's body within the limits.
 * @param proceed called before the first byte is read: the sender may be waiting to be told to go on.
 */
export async function takeBody(
  request: IncomingMessage,
  wanted: Wanted,
  limits: ReceiverLimits,
  budget: MemoryBudget,
  proceed: () => void,
): Promise<BodyTaking> {
  const header = request.headers['content-encoding'];
  const packing = packingOf(header);
  if (packing === null) return refused('content-encoding', 415, unknownPacking(header), { 'accept-encoding': PACKINGS_TAKEN });
  const memory = new MemoryShare(budget);
  const taking = await takePacked(request, packing, wanted, limits, memory, proceed);
  if (taking.status !== 'taken') memory.release();
  return taking;
}

async function takePacked(
  request: IncomingMessage,
  packing: Packing,
  wanted: Wanted,
  { bodyBytes, unpackedBytes }: ReceiverLimits,
  memory: MemoryShare,
  proceed: () => void,
): Promise<BodyTaking> {
  if (Number(request.headers['content-length'] ?? 0) <= bodyBytes) proceed();
  const reading = await readBody(request, bodyBytes, memory);
  if (reading.status === 'gone') return reading;
  if (reading.status === 'too-large') return tooLarge(`the body has more than ${bodyBytes} bytes`, 'AI_TRACKER_BODY_MAX_MB');
  if (reading.status === 'no-memory') return noMemory();
  const release = (): void => memory.release();
  const raw = reading.bytes;
  if (!wanted.body) return { status: 'taken', body: NOTHING, raw, release };
  if (packing === 'plain') {
    if (!wanted.raw) return { status: 'taken', body: raw, raw: NOTHING, release };
    // Two copies: the body goes to another thread and is gone from here.
    if (!memory.take(raw.byteLength)) return noMemory();
    return { status: 'taken', body: raw, raw: raw.slice(), release };
  }
  const unpacking = await unpackBody(raw, packing, unpackedBytes, memory);
  switch (unpacking.status) {
    case 'unpacked':
      return { status: 'taken', body: unpacking.bytes, raw: wanted.raw ? raw : NOTHING, release };
    case 'too-large':
      return tooLarge(`the body has more than ${unpackedBytes} bytes when it is unpacked`, 'AI_TRACKER_UNPACKED_MAX_MB');
    case 'no-memory':
      return noMemory();
    case 'malformed':
      return refused('malformed', 400, `cannot unpack the body (${packing}): ${unpacking.why}; send it again whole, or unpacked`);
  }
}

const refused = (
  reason: RefusalReason,
  status: Refusal['status'],
  message: string,
  headers: Readonly<Record<string, string>> = {},
): BodyTaking => ({ status: 'refused', refusal: { reason, status, message, headers } });

const tooLarge = (what: string, setting: string): BodyTaking =>
  refused('too-large', 413, `refused: ${what}; send less at once (OTEL_BSP_MAX_EXPORT_BATCH_SIZE), or raise ${setting}`);

const noMemory = (): BodyTaking => ({
  status: 'refused',
  refusal: tryLater('memory', 'the requests in flight fill the memory for bodies; try again', 1),
});

const unknownPacking = (header: string | undefined): string =>
  `refused: the content encoding ${quoteWire(header ?? '')} is none of ${PACKINGS_TAKEN}; set OTEL_EXPORTER_OTLP_COMPRESSION=gzip or none`;
