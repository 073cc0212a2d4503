import jsonpatch from 'fast-json-patch';
import { asList, asObject, own, type Json, type JsonObject } from './json.ts';

/** RFC 6902, without `test`: a failed test is an internal error at the API server even with failurePolicy Ignore. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

export type Path = readonly (string | number)[];

/** RFC 6901: `~` and `/` in a key are escaped, in this order. */
export function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The operations that put a value at a path of an object, making the objects on the way that are missing. */
export function setAt(object: JsonObject, path: Path, value: Json): readonly PatchOperation[] {
  let current: Json | undefined = object;
  for (const [depth, step] of path.entries()) {
    const child: Json | undefined = childOf(current, step);
    const last = depth === path.length - 1;
    if (last) return [{ op: child === undefined ? 'add' : 'replace', path: pointer(path), value }];
    if (child === undefined || child === null) {
      return [{ op: 'add', path: pointer(path.slice(0, depth + 1)), value: nested(path.slice(depth + 1), value) }];
    }
    current = child;
  }
  return [];
}

export function removeAt(path: Path): PatchOperation {
  return { op: 'remove', path: pointer(path) };
}

/**
 * The object after a patch; the object given is not changed.
 * @throws when an operation does not fit the object: a patch that fails at the API server blocks the write whatever the failurePolicy.
 */
export function applyPatch(object: JsonObject, patch: readonly PatchOperation[]): JsonObject {
  if (patch.length === 0) return object;
  const copy = patch.reduce<Json>((copied, { path }) => copyAlong(copied, tokens(path)), object);
  // The library puts the values themselves into the object, where a later operation would change what is yet to be sent.
  const operations = JSON.parse(JSON.stringify(patch)) as Parameters<typeof jsonpatch.applyPatch>[1];
  return jsonpatch.applyPatch(copy, operations, true, true).newDocument as JsonObject;
}

/** Only what lies on the way is copied: the rest of a large object is shared. */
function copyAlong(value: Json, path: readonly string[]): Json {
  const [step, ...rest] = path;
  const child = step === undefined ? undefined : childOf(value, step);
  const copied = Array.isArray(value) ? [...asList(value)] : { ...asObject(value) };
  if (step === undefined || typeof child !== 'object' || child === null) return copied;
  // An own property that JSON.parse made of a hostile key is defined, not assigned: assigning would set the prototype.
  return Object.defineProperty(copied, step, {
    value: copyAlong(child, rest),
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function tokens(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function childOf(value: Json | undefined, step: string | number): Json | undefined {
  return Array.isArray(value) ? asList(value)[Number(step)] : own(value, String(step));
}

/** `nested(['a', 'b'], 1)` is `{ a: { b: 1 } }`. */
function nested(path: Path, value: Json): Json {
  return path.reduceRight<Json>((inner, step) => ({ [step]: inner }), value);
}
