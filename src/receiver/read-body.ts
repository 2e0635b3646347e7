import type { IncomingMessage } from 'node:http';
import { GrowingBytes } from './growing-bytes.ts';
import type { MemoryShare } from './memory-budget.ts';

export type BodyReading =
  | { readonly status: 'read'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly status: 'too-large' }
  /** All bodies together hold what they may. */
  | { readonly status: 'no-memory' }
  /** Its sender went away, or took too long. */
  | { readonly status: 'gone' };

/** What the request says about the length of its body; null: it does not. */
export function declaredBytes(request: IncomingMessage): number | null {
  const header = request.headers['content-length'];
  return header === undefined ? null : Number(header);
}

/** Whether a body follows its headers. */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || (declaredBytes(request) ?? 0) > 0;

/** Reads the body as it comes over the wire. What is not read stays in the socket: nothing is taken beyond `maxBytes`. */
export function readBody(request: IncomingMessage, maxBytes: number, memory: MemoryShare): Promise<BodyReading> {
  const declared = declaredBytes(request);
  if (declared !== null && declared > maxBytes) return Promise.resolve({ status: 'too-large' });
  return new Promise((resolve) => {
    const body = new GrowingBytes(maxBytes, memory);
    const finish = (reading: BodyReading): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).pause();
      resolve(reading);
    };
    const onData = (chunk: Buffer): void => {
      const outcome = body.append(chunk);
      if (outcome !== 'taken') finish({ status: outcome });
    };
    const onEnd = (): void => finish({ status: 'read', bytes: body.finish() });
    const onGone = (): void => finish({ status: 'gone' });
    request.on('data', onData).on('end', onEnd).on('close', onGone);
  });
}
