import type { Destination, Route, RouteRule } from '../../core/objects.ts';
import { blockCount, mayOverlap } from '../../kubernetes/routes/overlap.ts';

/** Shares of one rule by destination, 0 to 1. */
export type Shares = ReadonlyMap<string, { readonly share: number; readonly destination: Destination }>;

/** A part of the traffic: who served it, and who shall. */
export interface Shift {
  readonly rule: RouteRule;
  /** Who served this traffic; undefined when nobody is known to. */
  readonly was: Shares | undefined;
  readonly becomes: Shares;
  /**
   * `steps`: the same match as before. `takes`: the traffic of a Service that had no route. `appears`: a rule stands where it did not,
   * and takes some of what others served. `falls`: the match is gone, and what it had goes to rules that stay.
   */
  readonly kind: 'steps' | 'takes' | 'appears' | 'falls';
  /** Only those whom the author singled out are concerned. */
  readonly targeted: boolean;
  /** Whose traffic it is besides that of the route. */
  readonly namespaces?: readonly string[];
}

export function sharesOf({ destinations }: RouteRule): Shares {
  return new Map(destinations.map((destination) => [destination.key, { share: destination.share, destination }]));
}

export interface Alignment {
  readonly shifts: readonly Shift[];
  /** Rules before and after, where they are too many to be laid beside each other. */
  readonly tooMany: readonly [number, number] | undefined;
}

const protocols = ['http', 'tls', 'tcp'] as const;
const mostPairs = 1_000_000;

/**
 * Lays the rules of a route before and after a change beside each other. The same match is the same traffic. Where rules came, went or
 * changed places, a request may meet another rule than before: each that may, by its match and its place, is a shift as well.
 * Rules behind a catch-all serve nobody.
 */
export function align(before: Route, after: Route): Alignment {
  const laid = protocols.map((protocol) => alignProtocol(sideOf(before, protocol), sideOf(after, protocol)));
  return {
    shifts: laid.flatMap(({ shifts }) => shifts),
    tooMany: laid.find(({ tooMany }) => tooMany !== undefined)?.tooMany,
  };
}

interface Side {
  /** In order, each match once: of several with the same the first one serves. */
  readonly rules: readonly RouteRule[];
  readonly places: ReadonlyMap<string, number>;
  readonly shares: ReadonlyMap<RouteRule, Shares>;
}

function sideOf({ rules }: Route, protocol: RouteRule['protocol']): Side {
  const effective = rules.filter((rule) => rule.protocol === protocol && !rule.shadowed && rule.odd === undefined);
  const first = new Map<string, RouteRule>();
  for (const rule of effective) if (!first.has(rule.matchKey)) first.set(rule.matchKey, rule);
  const kept = [...first.values()];
  return {
    rules: kept,
    places: new Map(kept.map(({ matchKey }, index) => [matchKey, index])),
    shares: new Map(kept.map((rule) => [rule, sharesOf(rule)])),
  };
}

function alignProtocol(old: Side, next: Side): Alignment {
  const steps = next.rules.flatMap((rule) => shiftFrom(partnerOf(rule, old), rule, 'steps', { old, next }) ?? []);
  const moves = movesBetween(old, next);
  if (moves === 'too many') return { shifts: steps, tooMany: [old.rules.length, next.rules.length] };
  const met = new Set([...steps, ...moves].map(({ rule }) => rule));
  const first = next.rules.filter((rule) => !met.has(rule)).map((rule) => firstShift(rule, next));
  return { shifts: [...steps, ...moves, ...first], tooMany: undefined };
}

/** Only what stands between the rules at both ends that kept their places can have changed them with anybody. */
function movesBetween(old: Side, next: Side): readonly Shift[] | 'too many' {
  const [was, is] = [old.rules, next.rules];
  const head = sameFromStart(was, is);
  const tail = sameFromStart(was.slice(head).toReversed(), is.slice(head).toReversed());
  const [went, came] = [new Set(was.slice(head, was.length - tail)), new Set(is.slice(head, is.length - tail))];
  if (blocksIn(went) * blocksIn(is) + blocksIn(came) * blocksIn(was) > mostPairs) return 'too many';
  return is.flatMap((rule) => movesTo(rule, came.has(rule) ? was : [...went], { old, next }));
}

function blocksIn(rules: Iterable<RouteRule>): number {
  let sum = 0;
  for (const rule of rules) sum += blockCount(rule);
  return sum;
}

function sameFromStart(one: readonly RouteRule[], other: readonly RouteRule[]): number {
  const different = one.findIndex(({ matchKey }, index) => other[index]?.matchKey !== matchKey);
  return different === -1 ? Math.min(one.length, other.length) : different;
}

function partnerOf({ matchKey }: RouteRule, { rules, places }: Side): RouteRule | undefined {
  const place = places.get(matchKey);
  return place === undefined ? undefined : rules[place];
}

/** Rules of before whose requests may meet this one now, and did not then. Those that sent them to the same places are one. */
function movesTo(
  rule: RouteRule,
  others: readonly RouteRule[],
  { old, next }: { readonly old: Side; readonly next: Side },
): readonly Shift[] {
  const shifts = new Map<string, Shift>();
  for (const other of others) {
    const kind = moveBetween(other, rule, old, next);
    const shift = kind && shiftFrom(other, rule, kind, { old, next });
    if (shift === undefined) continue;
    const key = JSON.stringify([kind, shift.targeted, [...(shift.was ?? [])].map(([one, { share }]) => [one, share])]);
    if (!shifts.has(key)) shifts.set(key, shift);
  }
  return [...shifts.values()];
}

/** How requests of one rule come to another, if they may: it must stand before what they met, and must not have done so. */
function moveBetween(from: RouteRule, to: RouteRule, old: Side, next: Side): 'appears' | 'falls' | undefined {
  const [came, stood] = [old.places.get(from.matchKey) ?? 0, old.places.get(to.matchKey)];
  const [place, stands] = [next.places.get(to.matchKey) ?? 0, next.places.get(from.matchKey)];
  const isNew = stood === undefined || stood > came;
  if (stood === came || !isNew || (stands !== undefined && stands < place) || !mayOverlap(to, from)) return undefined;
  return stands === undefined && stood !== undefined ? 'falls' : 'appears';
}

function shiftFrom(
  from: RouteRule | undefined,
  rule: RouteRule,
  kind: Shift['kind'],
  { old, next }: { readonly old: Side; readonly next: Side },
): Shift | undefined {
  const was = from && old.shares.get(from);
  if (from === undefined || was === undefined) return undefined;
  return { ...firstShift(rule, next), was, kind, targeted: rule.match === 'targeted' || from.match === 'targeted' };
}

/** For traffic that nobody is known to have served. */
function firstShift(rule: RouteRule, { shares }: Side): Shift {
  return { rule, was: undefined, becomes: shares.get(rule) ?? new Map(), kind: 'appears', targeted: rule.match === 'targeted' };
}

/** All rules of a route for traffic that nobody is known to have served. */
export function firstShifts(route: Route): readonly Shift[] {
  return protocols.flatMap((protocol) => {
    const side = sideOf(route, protocol);
    return side.rules.map((rule) => firstShift(rule, side));
  });
}
