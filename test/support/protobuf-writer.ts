/** Protobuf as a test wants it, also wrong: no schema, no checks. */

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const tag = (field: number, wireType: number): Buffer => varint(field * 8 + wireType);

/** A text, bytes, or the parts of a message. */
export function bytesField(field: number, content: string | Uint8Array | readonly Uint8Array[]): Buffer {
  const bytes =
    typeof content === 'string' ? Buffer.from(content) : content instanceof Uint8Array ? content : Buffer.concat(content);
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
}

/** Claims a length that is not that of what follows. */
export const lyingField = (field: number, claimed: number | bigint, content: Uint8Array): Buffer =>
  Buffer.concat([tag(field, 2), varint(claimed), content]);

export const varintField = (field: number, value: number | bigint): Buffer => Buffer.concat([tag(field, 0), varint(value)]);

export function fixed64Field(field: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([tag(field, 1), bytes]);
}

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

/** Groups were taken out of protobuf before OTLP began. */
export const group = (field: number, content: Uint8Array): Buffer => Buffer.concat([tag(field, 3), content, tag(field, 4)]);

/** `KeyValue` as field `field` of the message around it; `value` is an encoded `AnyValue`. */
export const keyValue = (field: number, key: string | Uint8Array, value: Uint8Array): Buffer =>
  bytesField(field, [bytesField(1, key), bytesField(2, value)]);

export const textValue = (text: string | Uint8Array): Buffer => bytesField(1, text);
