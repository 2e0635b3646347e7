/** Typed reads of a hook's JSON: a wrong type reads as absent, a text or list is cut where no real hook reaches. */

export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object's own property: a key such as `constructor` is not found by accident. */
const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);

export const objectAt = (object: JsonObject, key: string): JsonObject | null => {
  const value = own(object, key);
  return isObject(value) ? value : null;
};

/** A text of any length, such as a file's content. */
export const textAt = (object: JsonObject | null, key: string): string | null => {
  const value = object === null ? undefined : own(object, key);
  return typeof value === 'string' ? value : null;
};

/** A text that is no content: ids, names, paths. Null where it is empty or longer than `max` characters. */
export const nameAt = (object: JsonObject | null, key: string, max: number): string | null => {
  const text = textAt(object, key);
  return text === null || text === '' || text.length > max || text.includes('\0') ? null : text;
};

export const flagAt = (object: JsonObject | null, key: string): boolean => object !== null && own(object, key) === true;

/** Not negative. */
export const amountAt = (object: JsonObject | null, key: string): number | null => {
  const value = object === null ? undefined : own(object, key);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
};

export const listAt = (object: JsonObject | null, key: string): readonly unknown[] | null => {
  const value = object === null ? undefined : own(object, key);
  return Array.isArray(value) ? value : null;
};

export const objectsOf = (list: readonly unknown[] | null, max: number): JsonObject[] =>
  (list ?? []).slice(0, max).filter(isObject);
