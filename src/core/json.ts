/** A JSON value as it came from the API server or a file: nobody has checked its shape. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The value when it is a JSON object, else undefined. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** The value when it is a list, else an empty one. */
export function asList(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asInteger(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The own property of an object, whatever it is called.
 * User-chosen keys (labels, annotations, data) may be `__proto__` or `constructor`: plain indexing would find Object.prototype.
 */
export function own(value: unknown, key: string): Json | undefined {
  const object = asObject(value);
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Follows own properties and list indexes; undefined as soon as one is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): Json | undefined {
  let current = value as Json | undefined;
  for (const step of path) {
    current = typeof step === 'number' ? asList(current)[step] : own(current, step);
    if (current === undefined) return undefined;
  }
  return current;
}

/** A map of strings such as labels or annotations; entries that are no strings are left out. */
export function textEntries(value: unknown): readonly (readonly [string, string])[] {
  return Object.entries(asObject(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** Objects of the API are about ten levels deep; recursion stays bounded for what is not one. */
const maximumDepth = 64;

/** Deeply equal, whatever the order of keys; absent and undefined are the same. What is deeper than any object of the API is not. */
export function sameJson(a: Json | undefined, b: Json | undefined, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth > maximumDepth) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) {
    const [left, right] = [asList(a), asList(b)];
    return left.length === right.length && left.every((one, index) => sameJson(one, right[index], depth + 1));
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameJson(own(a, key), own(b, key), depth + 1));
}
