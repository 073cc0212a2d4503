import { textEntries } from '../core/json.ts';

type Keep = (key: string) => boolean;

/**
 * Shares equal strings and equal label maps between items: the pods of one ReplicaSet carry the same labels, namespace and owner.
 * The pool forgets everything when it is full: what items hold stays valid, later equals are merely not shared with it.
 */
export interface Pool {
  readonly text: (value: string) => string;
  readonly map: (value: unknown, keep?: Keep) => ReadonlyMap<string, string>;
}

const everything: Keep = () => true;

export function createPool(limit = 50_000): Pool {
  const texts = new Map<string, string>();
  const maps = new Map<string, ReadonlyMap<string, string>>();
  const text = (value: string): string => shared(texts, value, limit, () => value);
  const map = (value: unknown, keep: Keep = everything): ReadonlyMap<string, string> => {
    const entries = textEntries(value).filter(([key]) => keep(key));
    const build = (): ReadonlyMap<string, string> => new Map(entries.map(([key, one]) => [text(key), text(one)]));
    return shared(maps, JSON.stringify(entries), limit, build);
  };
  return { text, map };
}

function shared<T>(pool: Map<string, T>, key: string, limit: number, make: () => T): T {
  const found = pool.get(key);
  if (found !== undefined) return found;
  if (pool.size >= limit) pool.clear();
  const made = make();
  pool.set(key, made);
  return made;
}
