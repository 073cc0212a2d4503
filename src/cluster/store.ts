/** What a store finds its items by. */
export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Further ways to find items: the value of an item, or undefined when the item is not in that index. */
export type Indexes<T, I extends string> = Readonly<Record<I, (item: T) => string | undefined>>;

export interface ReadStore<T, I extends string = never> {
  readonly size: () => number;
  readonly get: (namespace: string, name: string) => T | undefined;
  readonly inNamespace: (namespace: string) => readonly T[];
  readonly by: (index: I, value: string) => readonly T[];
  readonly all: () => readonly T[];
}

export interface WriteStore<T> {
  readonly upsert: (item: T) => void;
  readonly delete: (namespace: string, name: string) => void;
  /** The whole truth, in one step: what is not among the items is gone. */
  readonly replaceAll: (items: readonly T[]) => void;
}

export type Store<T, I extends string = never> = ReadStore<T, I> & WriteStore<T>;

interface Content<T> {
  size: number;
  readonly namespaces: Map<string, Map<string, T>>;
  readonly indexes: readonly {
    readonly name: string;
    readonly of: (item: T) => string | undefined;
    readonly items: Map<string, Set<T>>;
  }[];
}

/** Objects by namespace and name, and by named indexes. Maps throughout, so `__proto__` is a name like any other; no lookup scans. */
export function createStore<T extends Named, I extends string = never>(indexes: Indexes<T, I>): Store<T, I> {
  let content = emptyContent(indexes);
  return {
    size: () => content.size,
    get: (namespace, name) => content.namespaces.get(namespace)?.get(name),
    inNamespace: (namespace) => [...(content.namespaces.get(namespace)?.values() ?? [])],
    by: (index, value) => [...(content.indexes.find(({ name }) => name === index)?.items.get(value) ?? [])],
    all: () => [...content.namespaces.values()].flatMap((items) => [...items.values()]),
    upsert: (item) => upsert(content, item),
    delete: (namespace, name) => remove(content, namespace, name),
    replaceAll: (items) => {
      const next = emptyContent(indexes);
      for (const item of items) upsert(next, item);
      content = next;
    },
  };
}

function emptyContent<T>(indexes: Readonly<Record<string, (item: T) => string | undefined>>): Content<T> {
  const list = Object.entries(indexes).map(([name, of]) => ({ name, of, items: new Map<string, Set<T>>() }));
  return { size: 0, namespaces: new Map(), indexes: list };
}

function upsert<T extends Named>(content: Content<T>, item: T): void {
  remove(content, item.namespace, item.name);
  Object.freeze(item);
  entry(content.namespaces, item.namespace, () => new Map<string, T>()).set(item.name, item);
  content.size += 1;
  for (const index of content.indexes) {
    const value = index.of(item);
    if (value !== undefined) entry(index.items, value, () => new Set<T>()).add(item);
  }
}

function remove<T>(content: Content<T>, namespace: string, name: string): void {
  const items = content.namespaces.get(namespace);
  const item = items?.get(name);
  if (items === undefined || item === undefined) return;
  items.delete(name);
  if (items.size === 0) content.namespaces.delete(namespace);
  content.size -= 1;
  for (const index of content.indexes) dropFrom(index.items, index.of(item), item);
}

function dropFrom<T>(items: Map<string, Set<T>>, value: string | undefined, item: T): void {
  if (value === undefined) return;
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
