import type { Attributes } from '../model/span-record.ts';

/** Typed reads of untrusted attributes: a value of the wrong type, an empty text, a number that is none reads as absent. */

export function text(attributes: Attributes, key: string): string | null {
  const value = attributes[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function firstText(attributes: Attributes, keys: readonly string[]): string | null {
  for (const key of keys) {
    const found = text(attributes, key);
    if (found !== null) return found;
  }
  return null;
}

/** A number, or a text that is one (engine-side emitters write every value as text). */
export function number(attributes: Attributes, key: string): number | null {
  const value = attributes[key];
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value)) return Number(value);
  return null;
}

/** A whole number from 0 up. */
export function count(attributes: Attributes, key: string): number | null {
  const value = number(attributes, key);
  return value !== null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function firstCount(attributes: Attributes, keys: readonly string[]): number | null {
  for (const key of keys) {
    const found = count(attributes, key);
    if (found !== null) return found;
  }
  return null;
}

export function flag(attributes: Attributes, key: string): boolean | null {
  const value = attributes[key];
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : null;
}
