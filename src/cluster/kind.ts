import type { JsonObject } from '../core/json.ts';
import type { Identity, Labels } from '../core/objects.ts';
import { isName, labelSelector } from './names.ts';
import type { Index, LabelIndex } from './store.ts';

/** What a list is narrowed to. */
export interface Scope {
  /** Empty: all of them. */
  readonly namespace: string;
  readonly labelSelector?: string | undefined;
}

/** How what a look found in the cache is read again. */
interface Again {
  /**
   * The list is dear, so as long as the cache is fresh only the objects that it found are read again.
   * Those that came since are missed then; a cache that is not fresh is backed by the list.
   */
  readonly dear: boolean;
}

export interface KindIndex<T> extends Index<T>, Again {
  /** The list that holds everything with this value; undefined for a value that no object has. */
  readonly listed: (value: string) => Scope | undefined;
}

export interface KindLabels<T> extends LabelIndex<T>, Again {
  /** The list that holds everything with these labels; undefined for labels that no object has. */
  readonly listed: (namespace: string, labels: Labels) => Scope | undefined;
}

/** A watched kind: where the API server has it, what is kept of it, and how it is found. */
export interface Kind<T extends Identity, I extends string = never> {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  /** The first one that the API server serves is used. */
  readonly versions: readonly string[];
  readonly resource: string;
  readonly namespaced: boolean;
  /** Its definition may be missing from a healthy cluster; a 404 for any other kind is an error. */
  readonly optional: boolean;
  readonly indexes: Readonly<Record<I, KindIndex<T>>>;
  readonly labels?: KindLabels<T>;
  /** Total: whatever the JSON, an item or undefined, never a throw. */
  readonly project: (raw: JsonObject) => T | undefined;
}

/** A kind whose objects are also found by labels. */
export interface LabelledKind<T extends Identity, I extends string = never> extends Kind<T, I> {
  readonly labels: KindLabels<T>;
}

/** Any kind, for code that handles all of them alike. */
export type AnyKind = Kind<Identity, string>;

/** The path of a list, or of one object. */
export function pathOf(kind: Pick<AnyKind, 'group' | 'resource'>, version: string, namespace = '', name = ''): string {
  const group = kind.group === '' ? '/api' : `/apis/${kind.group}`;
  return `${group}/${version}${namespace === '' ? '' : `/namespaces/${namespace}`}/${kind.resource}${name === '' ? '' : `/${name}`}`;
}

export function everywhere(): Scope {
  return { namespace: '' };
}

/** The namespace that an index value begins with, up to `end`. */
export function namespaceBefore(end: '/' | ' '): (value: string) => Scope | undefined {
  return (value) => {
    const namespace = value.slice(0, Math.max(0, value.indexOf(end)));
    return isName(namespace) ? { namespace } : undefined;
  };
}

export function withLabels(namespace: string, labels: Labels): Scope | undefined {
  const selector = labelSelector(labels);
  return isName(namespace) && selector !== undefined ? { namespace, labelSelector: selector } : undefined;
}

/** For labels that the objects do not carry themselves. */
export function inNamespace(namespace: string): Scope | undefined {
  return isName(namespace) ? { namespace } : undefined;
}
