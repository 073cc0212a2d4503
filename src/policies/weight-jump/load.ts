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

/** Destinations by the pods behind them; one that has none is alone. */
export function grouped(sides: readonly Side[]): readonly Group[] {
  const groups = new Map<string, [Side, ...Side[]]>();
  for (const side of sides) {
    const key = podsKey(side.to) ?? side.key;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, [side]);
    else found.push(side);
  }
  return [...groups.values()].map((members) => ({ sides: members, to: members[0].to }));
}

const keys = new WeakMap<Backing, string>();

function podsKey(to: Behind): string | undefined {
  if (to.kind !== 'pods' || to.readyPods.length === 0 || to.readyPods.length < to.ready) return undefined;
  const known = keys.get(to);
  if (known !== undefined) return known;
  const key = JSON.stringify([to.namespace, ...[...to.readyPods].sort()]);
  keys.set(to, key);
  return key;
}

/** How much of a rule's traffic each ready pod serves, by `namespace/name`: proxies share it out evenly. */
export type Load = ReadonlyMap<string, number>;

export function loadOf(sides: readonly Side[]): Load {
  const load = new Map<string, number>();
  for (const { share, to } of sides) {
    if (to.kind !== 'pods' || share <= 0) continue;
    for (const pod of to.readyPods) {
      const key = `${to.namespace}/${pod}`;
      load.set(key, (load.get(key) ?? 0) + share / to.ready);
    }
  }
  return load;
}

/** What the pods of a group serve together. Without pods to ask, what is sent to destinations of these names. */
export function shareOf({ sides, to }: Group, load: Load, named: readonly Side[]): number {
  if (podsKey(to) !== undefined && to.kind === 'pods')
    return to.readyPods.reduce((sum, pod) => sum + (load.get(`${to.namespace}/${pod}`) ?? 0), 0);
  const own = new Set(sides.map(({ key }) => key));
  return named.reduce((sum, { key, share }) => (own.has(key) ? sum + share : sum), 0);
}

/** What part of the ready pods of one destination are pods of another: its share where all of them serve alike. */
export function partOf(whole: Backing, to: Behind): number {
  if (to.kind !== 'pods' || to.namespace !== whole.namespace || whole.ready === 0) return 0;
  const own = new Set(to.readyPods);
  return whole.readyPods.filter((pod) => own.has(pod)).length / whole.ready;
}

/** Who served, told apart as it will be: of a whole Service, the pods of the subsets that come are carriers of their own. */
export function carriersOf(stood: readonly Group[], after: readonly Group[]): readonly Carrier[] {
  return stood.flatMap(({ sides, to }): readonly Carrier[] => {
    if (to.kind !== 'pods' || to.ready === 0) return [];
    const share = sides.reduce((sum, side) => sum + side.share, 0);
    const parts = partsOf(to, after);
    if (parts.length === 0) return [{ share, backing: to }];
    return parts.map((ready) => ({ share: (share * ready) / to.ready, backing: { ...to, ready } }));
  });
}

/** Sizes of the parts into which others divide the ready pods; empty when they do not. */
function partsOf(whole: Backing, others: readonly Group[]): readonly number[] {
  const left = new Set(whole.readyPods);
  const parts: number[] = [];
  for (const { to } of others) {
    if (to.kind !== 'pods' || to.namespace !== whole.namespace || podsKey(to) === podsKey(whole)) continue;
    const common = to.readyPods.filter((pod) => left.delete(pod)).length;
    if (common > 0) parts.push(common);
  }
  return parts.length === 0 || left.size === 0 ? parts : [...parts, left.size];
}
