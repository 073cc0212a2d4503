import type { Destination } from '../../core/objects.ts';
import type { Backing, Behind } from '../../kubernetes/destination.ts';
import type { Carrier } from './capacity.ts';

/** A destination of a rule with its share of the rule's traffic, and what is behind it. */
export interface Side {
  readonly key: string;
  readonly destination: Destination;
  /** 0 to 1. */
  readonly share: number;
  readonly to: Behind;
}

/** Sides that the same pods serve, whatever they are called. */
export interface Group {
  readonly sides: readonly [Side, ...Side[]];
  readonly to: Behind;
}

/** Fewer are compared with each other; of more, texts. */
const fewSides = 16;

/** Destinations by the pods behind them; one that has none is alone. */
export function grouped(sides: readonly Side[]): readonly Group[] {
  const keyOf = sides.length > fewSides ? textKey : pairwiseKey();
  const groups = new Map<Behind | string, { readonly sides: [Side, ...Side[]]; readonly to: Behind }>();
  for (const side of sides) {
    const key = isNamed(side.to) ? keyOf(side.to) : side.key;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, { sides: [side], to: side.to });
    else found.sides.push(side);
  }
  return [...groups.values()];
}

/** The first of those with the same pods. */
function pairwiseKey(): (to: Backing) => Backing {
  const firsts: Backing[] = [];
  return (to) => {
    const first = firsts.find((one) => samePods(one, to));
    if (first === undefined) firsts.push(to);
    return first ?? to;
  };
}

const texts = new WeakMap<Backing, string>();

function textKey(to: Backing): string {
  const text = texts.get(to) ?? JSON.stringify([to.namespace, ...[...to.readyPods].sort()]);
  texts.set(to, text);
  return text;
}

function samePods(one: Behind, other: Behind): boolean {
  return isNamed(one) && isNamed(other) && one.ready === other.ready && common(one, other) === one.ready;
}

/** Every ready endpoint of it is a pod that can be told from others. */
function isNamed(to: Behind): to is Backing {
  return to.kind === 'pods' && to.ready > 0 && to.readyPods.length === to.ready;
}

const known = new WeakMap<Backing, WeakMap<Backing, number>>();

/** How many ready pods two destinations have in common. */
function common(one: Backing, other: Backing): number {
  if (one === other) return one.ready;
  if (one.namespace !== other.namespace || excludeEachOther(one, other)) return 0;
  const counts = known.get(one) ?? new WeakMap<Backing, number>();
  known.set(one, counts);
  const found = counts.get(other);
  if (found !== undefined) return found;
  const pods = new Set(other.readyPods);
  const count = one.readyPods.reduce((sum, pod) => (pods.has(pod) ? sum + 1 : sum), 0);
  counts.set(other, count);
  return count;
}

/** No pod has two values of one label. */
function excludeEachOther({ labels }: Backing, other: Backing): boolean {
  for (const [key, value] of labels) if ((other.labels.get(key) ?? value) !== value) return true;
  return false;
}

/** More destinations in one rule than anybody writes: pods that they have in part in common are not looked for. */
const mostSides = 200;

/**
 * What the pods of groups serve, of traffic that is shared out so: proxies spread a share evenly over the pods behind it, so the pods
 * of a group may get something by other names as well. Endpoints that are no pods are known by the name of their destination only.
 */
export function shares(sides: readonly Side[]): (group: Group) => number {
  const byName = namedShares(sides);
  const named = sides.flatMap(({ share, to }) => (isNamed(to) ? [{ share, to }] : []));
  const byPods = sides.length > mostSides ? sums(named, ({ to }) => textKey(to)) : undefined;
  return (group) => {
    const { to } = group;
    if (!isNamed(to)) return byName(group);
    if (byPods !== undefined) return byPods.get(textKey(to)) ?? 0;
    return named.reduce((sum, one) => sum + one.share * partOf(one.to, to), 0);
  };
}

/** What is sent to destinations of the same names. */
export function namedShares(sides: readonly Side[]): (group: Group) => number {
  const byKey = sums(sides, ({ key }) => key);
  return ({ sides: own }) => own.reduce((sum, { key }) => sum + (byKey.get(key) ?? 0), 0);
}

function sums<T extends { readonly share: number }>(
  sides: readonly T[],
  keyOf: (side: T) => string,
): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const side of sides) all.set(keyOf(side), (all.get(keyOf(side)) ?? 0) + side.share);
  return all;
}

/** What part of the ready pods of one destination are pods of another: its share where all of them serve alike. */
export function partOf(whole: Behind, to: Behind): number {
  if (whole.kind !== 'pods' || to.kind !== 'pods' || whole.ready === 0) return 0;
  return common(whole, to) / whole.ready;
}

/** Less of the traffic is no carrier of its own. */
const smallestPart = 0.2;

/**
 * Who served. A plain Service that gets its first route was as many carriers as the route tells apart, each with as much of the
 * traffic as it has of the pods, when none of them is small; else it is one.
 */
export function carriersOf(stood: readonly Group[], after: readonly Group[], toldApart: boolean): readonly Carrier[] {
  return stood.flatMap(({ sides, to }): readonly Carrier[] => {
    if (to.kind !== 'pods' || to.ready === 0) return [];
    const share = sides.reduce((sum, side) => sum + side.share, 0);
    const parts = toldApart ? partsOf(to, after) : [];
    if (parts.length === 0 || parts.some((ready) => ready < smallestPart * to.ready)) return [{ share, backing: to }];
    return parts.map((ready) => ({ share: (share * ready) / to.ready, backing: { ...to, ready } }));
  });
}

/** Sizes of the parts into which others divide the ready pods; empty when they do not, or overlap. */
function partsOf(whole: Backing, others: readonly Group[]): readonly number[] {
  const parts = others.flatMap(({ to }) => {
    const count = to.kind === 'pods' && !samePods(to, whole) ? common(whole, to) : 0;
    return count > 0 ? [count] : [];
  });
  const rest = whole.ready - parts.reduce((sum, count) => sum + count, 0);
  if (rest < 0) return [];
  return parts.length === 0 || rest === 0 ? parts : [...parts, rest];
}
