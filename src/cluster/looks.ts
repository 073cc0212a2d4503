import type { Facts } from '../core/facts.ts';
import type { LabelLookup } from '../core/lookup.ts';
import type { Identity, Labels } from '../core/objects.ts';
import type { KindName } from './kinds.ts';

/** What somebody looked up. */
export type Look =
  | { readonly kind: KindName; readonly how: 'get'; readonly namespace: string; readonly name: string }
  | { readonly kind: KindName; readonly how: 'by'; readonly index: string; readonly value: string }
  | { readonly kind: KindName; readonly how: 'select'; readonly namespace: string; readonly labels: Labels };

/** What the API server said to looks, by their keys; at most one object for a `get`. */
export type Answered = ReadonlyMap<string, readonly Identity[]>;

/** What is known about one review: what was looked up with these facts, and what was read again for it before. */
export interface Recording {
  readonly looks: readonly Look[];
  readonly evidence: Evidence;
}

export interface Evidence {
  readonly answered: Answered;
  /** Looks that could not be read again, though the cache is fresh: its answers stand. */
  readonly standing: ReadonlySet<string>;
  /** When the oldest read of a kind was begun. */
  readonly since: ReadonlyMap<KindName, number>;
  readonly reads: number;
}

/** By the facts that a review was given. */
export type Recordings = WeakMap<Facts, Recording>;

export const noEvidence: Evidence = { answered: new Map(), standing: new Set(), since: new Map(), reads: 0 };

/** Of looks: the same for the same question. */
export function lookKey(look: Look): string {
  if (look.how === 'get') return JSON.stringify([look.kind, look.namespace, look.name]);
  if (look.how === 'by') return JSON.stringify([look.kind, { [look.index]: look.value }]);
  return JSON.stringify([look.kind, look.namespace, [...look.labels].sort(([one], [other]) => (one < other ? -1 : 1))]);
}

export type AnyLookup = LabelLookup<Identity, string>;

/** The answers of a store, save for what is answered already. Whatever is looked up is noted: cheap, because every review does it. */
export function noting(kind: KindName, store: AnyLookup, looks: Look[], answered: Answered): AnyLookup {
  let asked = false;
  const note = (look: Look): readonly Identity[] | undefined => {
    asked = true;
    looks.push(look);
    return answered.size === 0 ? undefined : answered.get(lookKey(look));
  };
  return {
    get: (namespace, name) => {
      const found = note({ kind, how: 'get', namespace, name });
      return found === undefined ? store.get(namespace, name) : found[0];
    },
    by: (index, value) => note({ kind, how: 'by', index, value }) ?? store.by(index, value),
    select: (namespace, labels) => note({ kind, how: 'select', namespace, labels }) ?? store.select(namespace, labels),
    asked: () => asked,
  };
}
