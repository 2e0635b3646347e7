import type { Attributes } from '../model/span-record.ts';
import { text } from './attributes.ts';

/** A JSON object that an emitter wrote into a text attribute, as attributes of its own: `{"a":{"b":1}}` → `a.b = 1`. Null where it is none. */
export function jsonAttribute(attributes: Attributes, key: string): Attributes | null {
  const source = text(attributes, key);
  if (source === null || !source.startsWith('{')) return null;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return null;
  }
  const flat: Record<string, number | string | boolean> = {};
  flatten(value as Readonly<Record<string, unknown>>, '', flat, 0);
  return flat;
}

/** Details of details are the deepest that emitters write. */
const MAX_NESTING = 3;

function flatten(
  object: Readonly<Record<string, unknown>>,
  prefix: string,
  into: Record<string, number | string | boolean>,
  depth: number,
): void {
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') into[prefix + key] = value;
    else if (typeof value === 'object' && value !== null && depth < MAX_NESTING)
      flatten(value as Readonly<Record<string, unknown>>, `${prefix}${key}.`, into, depth + 1);
  }
}
