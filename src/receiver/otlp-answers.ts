import type { Signal } from '../forward/forwarding.ts';
import { CONTENT_TYPE, type OtlpEncoding } from './media.ts';

/** Body of an answer, with its type. */
export interface Content {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** What of a request that was taken can never be accepted. Zero and a message: a warning. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

const REJECTED = { traces: 'rejectedSpans', logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' } as const satisfies Record<
  Signal,
  string
>;

/** `ExportTraceServiceResponse` and its sisters: on the wire the three are one. */
export function exportResponse(encoding: OtlpEncoding, signal: Signal, partial: PartialSuccess | null): Content {
  if (encoding === 'json') {
    // An int64 is a text in protobuf's JSON.
    const fields = partial === null ? {} : { [REJECTED[signal]]: String(partial.rejected), errorMessage: partial.message };
    return json(partial === null ? {} : { partialSuccess: fields });
  }
  if (partial === null) return protobuf(new Uint8Array(0));
  return protobuf(bytesField(1, message(partial.rejected, partial.message)));
}

/** Codes of google.rpc.Code, by the HTTP status that goes with them. */
const RPC_CODE: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  500: 13,
  503: 14,
  508: 9,
};

/** `google.rpc.Status`, which OTLP wants in the body of every answer that is no success. */
export function errorStatus(encoding: OtlpEncoding, status: number, text: string): Content {
  const code = RPC_CODE[status] ?? 2;
  return encoding === 'json' ? json({ code, message: text }) : protobuf(message(code, text));
}

const json = (value: unknown): Content => ({ contentType: CONTENT_TYPE.json, body: JSON.stringify(value) });
const protobuf = (body: Uint8Array): Content => ({ contentType: CONTENT_TYPE.protobuf, body });

/** `Status` and `Export…PartialSuccess` look alike: a number in field 1, a text in field 2; proto3 leaves out what is empty. */
function message(number: number, text: string): Uint8Array {
  const first = number === 0 ? new Uint8Array(0) : Uint8Array.of(1 << 3, ...varint(number));
  const second = text === '' ? new Uint8Array(0) : bytesField(2, Buffer.from(text));
  return Buffer.concat([first, second]);
}

const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of((field << 3) | 2, ...varint(bytes.byteLength)), bytes]);

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}
