import { isUtf8 } from 'node:buffer';
import { attributeFilter, keepsEvent } from '../dialect/kept-attributes.ts';
import { spanOfLog } from '../ingest/log-span.ts';
import type { Settings } from '../model/settings.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { checkMetricsJson, checkMetricsProtobuf } from '../otlp/check-metrics.ts';
import { decodeJson } from '../otlp/decode-json.ts';
import { ProtobufDecoder } from '../otlp/decode-protobuf.ts';
import { type Decoded, type DecodeOptions, emptyDecoded, OtlpDecodeError } from '../otlp/decoded.ts';
import type { OtlpRequest } from './storing.ts';

export type DecodedRequest =
  | {
      readonly status: 'decoded';
      /** Log records as spans, so that what could not be written is told by identity. */
      readonly spans: readonly SpanRecord[];
      /** Malformed spans and log records, by what is wrong with them. */
      readonly rejected: Readonly<Record<string, number>>;
      readonly unusedLogs: number;
    }
  | { readonly status: 'malformed'; readonly message: string; readonly isOurs: boolean };

/** Of one request: a batch of an exporter has 512 spans, the largest of a collector 8,192. */
const MAX_ITEMS = 262_144;

/** Reads requests as a receiver must: one whose frame is malformed is refused whole, and its sender learns of it. */
export class RequestDecoder {
  readonly #options: DecodeOptions;
  readonly #protobuf: ProtobufDecoder;

  constructor({ labelKeys, agentAttributes }: Pick<Settings, 'labelKeys' | 'agentAttributes'>) {
    this.#options = {
      keepsAttribute: attributeFilter([...labelKeys, ...(agentAttributes ?? [])]),
      keepsEvent,
      maxItems: MAX_ITEMS,
    };
    this.#protobuf = new ProtobufDecoder(this.#options);
  }

  decode(request: OtlpRequest): DecodedRequest {
    let decoded: Decoded;
    try {
      decoded = this.#decode(request);
    } catch (error) {
      const message = (error as Error).message;
      if (error instanceof OtlpDecodeError) return { status: 'malformed', message, isOurs: false };
      // A mistake of ours: the sender cannot mend it by sending the same again.
      return { status: 'malformed', message: `not readable as an OTLP request: ${message}`, isOurs: true };
    }
    const spans = decoded.logs.length === 0 ? decoded.spans : [...decoded.spans, ...decoded.logs.map(spanOfLog)];
    return { status: 'decoded', spans, rejected: decoded.rejected, unusedLogs: decoded.skippedLogs };
  }

  #decode({ signal, encoding, body }: OtlpRequest): Decoded {
    if (signal !== 'metrics')
      return encoding === 'json' ? decodeJson(textOf(body), this.#options) : this.#protobuf.decode(body, signal);
    if (encoding === 'json') checkMetricsJson(textOf(body));
    else checkMetricsProtobuf(body);
    return emptyDecoded(this.#options);
  }
}

/** Read leniently, a broken text would become rows with replacement characters in them. */
function textOf(body: Uint8Array): string {
  if (!isUtf8(body)) throw new OtlpDecodeError('', 'it is not UTF-8');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}
