import { textEntries } from '../../core/json.ts';
import type { Labels } from '../../core/objects.ts';

type Keep = (key: string) => boolean;

/**
 * Shares equal strings, label maps and small values between items: the pods of one ReplicaSet carry the same labels, namespace and owner.
 * The pool forgets everything when it is full: what items hold stays valid, later equals are merely not shared with it.
 */
export interface Pool {
  readonly text: (value: string) => string;
  readonly map: (value: unknown, keep?: Keep) => Labels;
  /** One frozen value for equal keys of the same maker. */
  readonly value: <T extends object>(key: string, make: () => T) => T;
}

const everything: Keep = () => true;

export function createPool(limit = 50_000): Pool {
  const texts = new Map<string, string>();
  const maps = new Map<string, Labels>();
  const values = new Map<string, object>();
  const text = (value: string): string => shared(texts, value, limit, () => value);
  const map = (value: unknown, keep: Keep = everything): Labels => {
    const entries = textEntries(value).filter(([key]) => keep(key));
    const build = (): Labels => new Map(entries.map(([key, one]) => [text(key), text(one)]));
    return shared(maps, JSON.stringify(entries), limit, build);
  };
  const value = <T extends object>(key: string, make: () => T): T => shared(values, key, limit, () => Object.freeze(make())) as T;
  return { text, map, value };
}

function shared<T>(pool: Map<string, T>, key: string, limit: number, make: () => T): T {
  const found = pool.get(key);
  if (found !== undefined) return found;
  if (pool.size >= limit) pool.clear();
  const made = make();
  pool.set(key, made);
  return made;
}
