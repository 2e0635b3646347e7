import type { OtlpRequest } from './storing.ts';

export type OtlpEncoding = OtlpRequest['encoding'];

export const CONTENT_TYPE = { protobuf: 'application/x-protobuf', json: 'application/json' } as const satisfies Record<
  OtlpEncoding,
  string
>;

/** What a header Content-Type says, parameters aside; null where it is neither of OTLP's two. */
export function encodingOf(contentType: string | undefined): OtlpEncoding | null {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  return type === CONTENT_TYPE.protobuf ? 'protobuf' : type === CONTENT_TYPE.json ? 'json' : null;
}

export type Packing = 'plain' | 'gzip' | 'deflate';

/** For the header Accept-Encoding of an answer that refuses another. */
export const PACKINGS_TAKEN = 'gzip, deflate, identity';

/** What a header Content-Encoding says; null where it is none of ours, or several at once. */
export function packingOf(contentEncoding: string | undefined): Packing | null {
  switch ((contentEncoding ?? '').trim().toLowerCase()) {
    case '':
    case 'identity':
      return 'plain';
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    default:
      return null;
  }
}
