import type { Json, JsonObject } from '../core/json.ts';
import { asList, asText, at, own } from '../core/json.ts';
import { canonicalImage } from './image.ts';
import { parseQuantity } from './quantity.ts';
import type { Field, Ignore, Shape } from './template-defaults.ts';
import { templateShape } from './template-defaults.ts';

export type { Ignore } from './template-defaults.ts';

/** Pod templates are about eight levels deep: below this one nothing is known, and recursion stays bounded. */
const maxDepth = 64;
const maxInsertion = 20;
const unknownField: Field = {};
const unknownShape: Shape = { fields: new Map() };

interface View {
  readonly root: Field;
  readonly memo: WeakMap<object, string>;
}

const views: readonly View[] = [0, 1, 2, 3].map((index) => ({
  root: templateShape({ startupProbes: (index & 1) !== 0, restarts: (index & 2) !== 0 }),
  memo: new WeakMap(),
}));

function viewOf(ignore: Ignore | undefined): View {
  const index = (ignore?.startupProbes === true ? 1 : 0) + (ignore?.restarts === true ? 2 : 0);
  return views[index] ?? { root: unknownField, memo: new WeakMap() };
}

/**
 * One text for all spellings of the same pod template: two templates are equal exactly when their texts are.
 * Key order, null and empty values, spelling of quantities, what the API server writes by default, controllers' hash labels and
 * creationTimestamp do not count; everything that changes what runs does. Total for any JSON.
 * Remembered per object identity: an object must not be changed after it was passed in.
 */
export function canonicalTemplate(template: Json | undefined, ignore?: Ignore): string {
  const { root, memo } = viewOf(ignore);
  if (typeof template !== 'object' || template === null) return canonicalText(template, root);
  const known = memo.get(template);
  if (known !== undefined) return known;
  const text = canonicalText(template, root);
  memo.set(template, text);
  return text;
}

/** Do both templates run the same? As canonicalTemplate decides it, but it stops at the first difference. */
export function sameTemplate(a: Json | undefined, b: Json | undefined, ignore?: Ignore): boolean {
  return identical(a, b, 0) || same(a, b, viewOf(ignore).root, 0);
}

/**
 * Which code a template runs: the images of its init and app containers by container name, in one spelling.
 * Configuration, probes and resources do not count; a digest makes the tag irrelevant.
 */
export function codeIdentity(template: Json | undefined): string {
  const containers = ['initContainers', 'containers'].flatMap((field) => asList(at(template, 'spec', field)));
  const images = new Map(
    containers.map((container) => [asText(own(container, 'name')) ?? '', canonicalImage(asText(own(container, 'image')) ?? '')]),
  );
  return JSON.stringify([...images].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function canonicalText(value: Json | undefined, field: Field, depth = 0): string {
  const out: string[] = [];
  write(value, field, depth, out);
  return out.join('');
}

/** Appends the canonical text of a value; appends nothing and says false when the value says no more than its absence. */
function write(value: Json | undefined, field: Field, depth: number, out: string[]): boolean {
  if (value === null || value === undefined) return false;
  if (depth > maxDepth) return writeFlat(value, out);
  if (field.quantity === true) return writeQuantity(value, field, out);
  if (typeof value !== 'object') return field.defaults?.has(value) !== true && writePlain(value, out);
  if (Array.isArray(value)) return writeList(asList(value), field, depth + 1, out);
  return writeObject(value as JsonObject, field, depth + 1, out);
}

/** A length instead of quotes and escapes: as unambiguous, and several times faster. */
function writePlain(value: string | number | boolean | null, out: string[]): boolean {
  if (typeof value === 'string') out.push('"', String(value.length), ':', value);
  else out.push(String(value));
  return true;
}

function writeQuantity(value: Json, field: Field, out: string[]): boolean {
  const nanos = parseQuantity(value);
  if (nanos === undefined) return write(value, unknownField, 0, out);
  const text = `${nanos.toString()}n`;
  if (field.defaults?.has(text) === true) return false;
  out.push(text);
  return true;
}

/** Elements are never dropped: their position counts. */
function writeList(list: readonly Json[], field: Field, depth: number, out: string[]): boolean {
  if (list.length === 0) return false;
  out.push('[');
  for (const element of list) {
    if (!write(element, field, depth, out)) writeEmpty(element, out);
    out.push(',');
  }
  out.push(']');
  return true;
}

function writeEmpty(element: Json | undefined, out: string[]): void {
  if (typeof element !== 'object' || element === null) writePlain(element ?? null, out);
  else out.push(Array.isArray(element) ? '[]' : '{}');
}

function writeObject(object: JsonObject, field: Field, depth: number, out: string[]): boolean {
  const shape = field.shape ?? unknownShape;
  const owner = shape.rewrite?.(object) ?? object;
  const start = out.push('{');
  for (const key of sortedKeys(owner)) writeMember(owner, key, shape, { depth, out });
  if (out.length === start && field.keepsEmpty !== true) {
    out.pop();
    return false;
  }
  out.push('}');
  return true;
}

function writeMember(owner: JsonObject, key: string, shape: Shape, { depth, out }: { depth: number; out: string[] }): void {
  const field = shape.fields.get(key) ?? shape.others ?? unknownField;
  const value = owner[key] ?? null;
  if (value === null || field.dropped === true || field.isDefault?.(value, owner) === true) return;
  out.push(String(key.length), ':', key);
  if (!write(value, field, depth, out)) out.length -= 3;
}

/** Objects of a template are small, and for those this is several times faster than sort(). */
function sortedKeys(object: JsonObject): readonly string[] {
  const keys = Object.keys(object);
  if (keys.length > maxInsertion) return keys.sort();
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] ?? '';
    let place = end;
    for (let before = keys[place - 1]; place > 0 && before !== undefined && before > key; before = keys[place - 1]) {
      keys[place--] = before;
    }
    keys[place] = key;
  }
  return keys;
}

/** Prefix notation with counts instead of recursion: unambiguous, and no nesting is too deep for it. Key order counts here. */
function writeFlat(value: Json, out: string[]): true {
  const todo: (Json | undefined)[] = [value];
  while (todo.length > 0) {
    const next = todo.pop() ?? null;
    if (typeof next !== 'object' || next === null) {
      writePlain(next, out);
      continue;
    }
    const children = Array.isArray(next) ? asList(next) : Object.entries(next).flat();
    out.push(`${Array.isArray(next) ? 'list' : 'map'}${children.length} `);
    for (let index = children.length - 1; index >= 0; index--) todo.push(children[index]);
  }
  return true;
}

/** Whether both values have one canonical text. Only where they are of different make it is written. */
function same(a: Json | undefined, b: Json | undefined, field: Field, depth: number): boolean {
  if (a === b) return true;
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b) || depth >= maxDepth || field.quantity === true)
    return canonicalText(a, field, depth) === canonicalText(b, field, depth);
  if (Array.isArray(a)) return sameList(asList(a), asList(b), field, depth + 1);
  return sameObject(a as JsonObject, b as JsonObject, field.shape ?? unknownShape, depth + 1);
}

function sameList(a: readonly Json[], b: readonly Json[], field: Field, depth: number): boolean {
  return a.length === b.length && a.every((element, index) => sameElement(element, b[index] ?? null, field, depth));
}

/** An element that says nothing is still there: null, [] and {} are three different ones. */
function sameElement(a: Json, b: Json, field: Field, depth: number): boolean {
  if (isContainer(a) && isContainer(b)) return Array.isArray(a) === Array.isArray(b) && same(a, b, field, depth);
  return a === b || canonicalText([a], field, depth - 1) === canonicalText([b], field, depth - 1);
}

function sameObject(left: JsonObject, right: JsonObject, shape: Shape, depth: number): boolean {
  const a = shape.rewrite?.(left) ?? left;
  const b = shape.rewrite?.(right) ?? right;
  const sameMember = (key: string): boolean => {
    const field = shape.fields.get(key) ?? shape.others ?? unknownField;
    return field.dropped === true || same(memberOf(a, key, field), memberOf(b, key, field), field, depth);
  };
  return Object.keys(a).every(sameMember) && Object.keys(b).every((key) => Object.hasOwn(a, key) || sameMember(key));
}

function memberOf(owner: JsonObject, key: string, field: Field): Json | undefined {
  const value = Object.hasOwn(owner, key) ? (owner[key] ?? null) : null;
  return value === null || field.isDefault?.(value, owner) === true ? undefined : value;
}

function isContainer(value: Json | undefined): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

/** The same JSON but for key order. May answer false for equal values beyond the depth limit: the canonical text decides then. */
function identical(a: Json | undefined, b: Json | undefined, depth: number): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth > maxDepth) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as JsonObject, b as JsonObject];
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && identical(left[key], right[key], depth + 1));
}
