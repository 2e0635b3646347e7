/** What a target said that it threw away of a request that it took. */
export interface PartialLoss {
  /** Spans, log records or data points. */
  readonly rejected: number;
  readonly message: string;
}

/**
 * Reads `partial_success` of an OTLP response: field 1 of each Export…ServiceResponse, in it the count (field 1) and a message
 * (field 2). By the specification such a request must not be sent again. Null: all was taken, or the answer is none of OTLP.
 */
export function partialLoss(body: Uint8Array, contentType: string): PartialLoss | null {
  const found = contentType.startsWith('application/json') ? fromJson(body) : fromProtobuf(body);
  return found === null || found.rejected <= 0 ? null : found;
}

const COUNTS = ['rejectedSpans', 'rejectedLogRecords', 'rejectedDataPoints'];

function fromJson(body: Uint8Array): PartialLoss | null {
  try {
    const { partialSuccess } = JSON.parse(Buffer.from(body).toString('utf8')) as { partialSuccess?: Record<string, unknown> };
    if (partialSuccess === undefined) return null;
    const rejected = COUNTS.map((name) => Number(partialSuccess[name] ?? 0)).reduce((sum, count) => sum + count, 0);
    const message = partialSuccess['errorMessage'];
    return Number.isSafeInteger(rejected) ? { rejected, message: typeof message === 'string' ? message : '' } : null;
  } catch {
    return null;
  }
}

function fromProtobuf(body: Uint8Array): PartialLoss | null {
  const partial = fieldsOf(body)?.get(1);
  const fields = partial instanceof Uint8Array ? fieldsOf(partial) : null;
  if (fields === null) return null;
  const [count, text] = [fields.get(1), fields.get(2)];
  return {
    rejected: typeof count === 'number' ? count : 0,
    message: text instanceof Uint8Array ? Buffer.from(text).toString('utf8') : '',
  };
}

/** The fields of a message that has numbers and lengths only (wire types 0 and 2); null where it is no such message. */
function fieldsOf(data: Uint8Array): Map<number, number | Uint8Array> | null {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = data[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < data.length) {
    const tag = varint();
    const value = varint();
    if (!Number.isSafeInteger(tag) || !Number.isSafeInteger(value)) return null;
    const type = tag % 8;
    if (type === 0) {
      fields.set((tag - type) / 8, value);
    } else if (type === 2 && at + value <= data.length) {
      fields.set((tag - type) / 8, data.subarray(at, at + value));
      at += value;
    } else return null;
  }
  return fields;
}
