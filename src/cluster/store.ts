import type { LabelLookup, Lookup } from '../core/lookup.ts';
import type { Labels, Named } from '../core/objects.ts';

/** Under what an item is in an index: one value, several, or none. */
export type IndexValue = string | readonly string[] | undefined;

/** A further way to find items. */
export interface Index<T> {
  readonly of: (item: T) => IndexValue;
}

/** The way to find items by labels of theirs. */
export interface LabelIndex<T> {
  readonly of: (item: T) => Labels;
}

export interface StoreShape<T, I extends string> {
  readonly indexes: Readonly<Record<I, Index<T>>>;
  readonly labels?: LabelIndex<T>;
}

interface Whole<T> {
  readonly size: () => number;
  readonly all: () => readonly T[];
  /** How often anything changed. */
  readonly changes: () => number;
}

export interface WriteStore<T> {
  readonly upsert: (item: T) => void;
  readonly delete: (namespace: string, name: string) => void;
  /** The whole truth, in one step: what is not among the items is gone. */
  readonly replaceAll: (items: readonly T[]) => void;
}

export type Store<T, I extends string = never> = Lookup<T, I> & Whole<T> & WriteStore<T>;
export type LabelStore<T, I extends string = never> = LabelLookup<T, I> & Whole<T> & WriteStore<T>;

interface Filing<T> {
  readonly of: (item: T) => IndexValue;
  readonly items: Map<string, Set<T>>;
}

interface Content<T> {
  size: number;
  readonly namespaces: Map<string, Map<string, T>>;
  readonly indexes: ReadonlyMap<string, Filing<T>>;
  /** By namespace, key and value of a label. */
  readonly labels: Filing<T> | undefined;
}

/**
 * Objects by namespace and name, by named indexes and by labels. Maps throughout, so `__proto__` is a name like any other.
 * No lookup scans a kind or a namespace.
 */
export function createStore<T extends Named, I extends string = never>(shape: StoreShape<T, I>): LabelStore<T, I> {
  let content = emptyContent<T>(shape);
  let changes = 0;
  return {
    changes: () => changes,
    size: () => content.size,
    get: (namespace, name) => content.namespaces.get(namespace)?.get(name),
    by: (index, value) => [...(content.indexes.get(index)?.items.get(value) ?? [])],
    select: (namespace, labels) => select(content, shape.labels, namespace, labels),
    all: () => [...content.namespaces.values()].flatMap((items) => [...items.values()]),
    upsert: (item) => {
      changes += 1;
      upsert(content, item);
    },
    delete: (namespace, name) => {
      changes += 1;
      remove(content, namespace, name);
    },
    replaceAll: (items) => {
      changes += 1;
      const next = emptyContent<T>(shape);
      for (const item of items) upsert(next, item);
      content = next;
    },
  };
}

function emptyContent<T extends Named>({ indexes, labels }: StoreShape<T, string>): Content<T> {
  const filing = (of: (item: T) => IndexValue): Filing<T> => ({ of, items: new Map() });
  return {
    size: 0,
    namespaces: new Map(),
    indexes: new Map(Object.entries(indexes).map(([name, { of }]) => [name, filing(of)])),
    labels: labels === undefined ? undefined : filing((item) => terms(item.namespace, labels.of(item))),
  };
}

function terms(namespace: string, labels: Labels): readonly string[] {
  return Array.from(labels, ([key, value]) => term(namespace, key, value));
}

/** Not unique where names are odd, which only manifests written by hand can have: what is found is compared. */
function term(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}

/** The rarest of the labels decides how many items are looked at. */
function select<T extends Named>(
  { labels: filing }: Content<T>,
  index: LabelIndex<T> | undefined,
  namespace: string,
  labels: Labels,
): readonly T[] {
  let fewest: ReadonlySet<T> | undefined;
  for (const [key, value] of labels) {
    const found = filing?.items.get(term(namespace, key, value));
    if (found === undefined) return [];
    if (fewest === undefined || found.size < fewest.size) fewest = found;
  }
  if (fewest === undefined || index === undefined) return [];
  return [...fewest].filter((item) => item.namespace === namespace && carries(index.of(item), labels));
}

export function carries(labels: Labels, wanted: Labels): boolean {
  for (const [key, value] of wanted) if (labels.get(key) !== value) return false;
  return true;
}

/** Whether an index has an item under a value. */
export function filedUnder(value: string, filed: IndexValue): boolean {
  return typeof filed === 'string' || filed === undefined ? filed === value : filed.includes(value);
}

function upsert<T extends Named>(content: Content<T>, item: T): void {
  remove(content, item.namespace, item.name);
  Object.freeze(item);
  entry(content.namespaces, item.namespace, () => new Map<string, T>()).set(item.name, item);
  content.size += 1;
  for (const { of, items } of filings(content)) {
    for (const value of valuesOf(of(item))) entry(items, value, () => new Set<T>()).add(item);
  }
}

function remove<T>(content: Content<T>, namespace: string, name: string): void {
  const items = content.namespaces.get(namespace);
  const item = items?.get(name);
  if (items === undefined || item === undefined) return;
  items.delete(name);
  if (items.size === 0) content.namespaces.delete(namespace);
  content.size -= 1;
  for (const filing of filings(content)) {
    for (const value of valuesOf(filing.of(item))) dropFrom(filing.items, value, item);
  }
}

function filings<T>({ indexes, labels }: Content<T>): readonly Filing<T>[] {
  return labels === undefined ? [...indexes.values()] : [...indexes.values(), labels];
}

function valuesOf(value: IndexValue): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function dropFrom<T>(items: Map<string, Set<T>>, value: string, item: T): void {
  const found = items.get(value);
  found?.delete(item);
  if (found?.size === 0) items.delete(value);
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
