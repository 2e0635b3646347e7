import { boundedText } from '../model/bounded-text.ts';
import type { AttributeScalar, Attributes, AttributeValue } from '../model/span-record.ts';
import { MAX_LIST } from './decoded.ts';

/** Typed reads of untrusted JSON, and the attribute values of OTLP/JSON. */

export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * An enum by number (the specification), by number in a text, or by name (protobuf's own JSON). 0 where it is none of
 * them.
 */
export function enumOf(value: unknown, names: readonly string[]): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return 0;
  const at = names.indexOf(value);
  return at >= 0 ? at : /^\d$/.test(value) ? Number(value) : 0;
}

/**
 * An id as lower-case hex. OTLP/JSON says hex; protobuf's own JSON, which some emitters use, says base64. The lengths
 * tell them apart. `''`: absent. `null`: neither.
 */
export function idOf(value: unknown, bytes: 8 | 16): string | null {
  if (value === undefined || value === null || value === '') return '';
  if (typeof value !== 'string') return null;
  if (value.length === bytes * 2)
    return /^[0-9a-f]+$/.test(value) ? value : /^[0-9a-fA-F]+$/.test(value) ? value.toLowerCase() : null;
  if (!/^[A-Za-z0-9+/_-]{11,22}={0,2}$/.test(value)) return null;
  const decoded = Buffer.from(value, 'base64');
  return decoded.length === bytes ? decoded.toString('hex') : null;
}

/** The kept ones of a list of OTLP key-values. Later ones win over earlier ones of the same key. */
export function attributesOf(list: unknown, keeps: (key: string) => boolean): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  if (!Array.isArray(list)) return attributes;
  for (const item of list) {
    if (!isObject(item)) continue;
    const key = item['key'];
    if (typeof key !== 'string' || !keeps(key)) continue;
    const value = valueOf(item['value']);
    if (value !== null) attributes[key] = value;
  }
  return attributes;
}

/** Scalars, and arrays of them. Maps and bytes are read by no dialect and dropped, so nothing here recurses. */
function valueOf(value: unknown): AttributeValue | null {
  const scalar = scalarOf(value);
  if (scalar !== null || !isObject(value)) return scalar;
  const array = value['arrayValue'];
  if (!isObject(array)) return null;
  const values = array['values'];
  return Array.isArray(values)
    ? values
        .slice(0, MAX_LIST)
        .map(scalarOf)
        .filter((item) => item !== null)
    : [];
}

function scalarOf(value: unknown): AttributeScalar | null {
  if (!isObject(value)) return null;
  const { stringValue, boolValue, intValue, doubleValue } = value;
  if (typeof stringValue === 'string') return boundedText(stringValue);
  if (typeof boolValue === 'boolean') return boolValue;
  // The specification says text, the JavaScript SDK writes numbers.
  if (intValue !== undefined) return numberOf(intValue, /^-?\d{1,20}$/);
  return numberOf(doubleValue, /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/);
}

function numberOf(value: unknown, shape: RegExp): number | null {
  const number = typeof value === 'string' && shape.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
