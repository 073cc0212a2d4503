import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { asList, asObject, asText, at, type Json, type JsonObject } from '../../src/core/json.ts';

const folder = join(import.meta.dirname, '../objects');

/** `{ from: NAME, patch: {…} }` is test/objects/NAME.yaml with a merge patch; anything else is the object itself. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  const from = asText(at(value, 'from'));
  if (from === undefined) return asObject(value);
  const base = parse(readFileSync(join(folder, `${from}.yaml`), 'utf8')) as Json;
  return asObject(merge(base, at(value, 'patch') ?? {}));
}

/** RFC 7386, and a list given as a map of indexes changes only those elements. */
function merge(target: Json | undefined, patch: Json): Json {
  const changes = asObject(patch);
  if (changes === undefined) return patch;
  if (Array.isArray(target))
    return asList(target).map((element, index) => (String(index) in changes ? merge(element, changes[index]!) : element));
  const result = new Map(Object.entries(asObject(target) ?? {}));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** The labels of a shorthand, or of anything else that maps text to text. */
export type Texts = Readonly<Record<string, string>>;

/** The value as a shorthand with these keys. @throws when it has another one: a slip of the pen would otherwise say nothing. */
export function shorthand<T>(value: Json | undefined, what: string, keys: readonly (keyof T & string)[]): T {
  const object = asObject(value);
  if (object === undefined) throw new Error(`${what}: not a map`);
  const foreign = Object.keys(object).filter((key) => !(keys as readonly string[]).includes(key));
  if (foreign.length > 0) throw new Error(`${what}: ${foreign.join(', ')} is none of ${keys.join(', ')}`);
  return object as T;
}
