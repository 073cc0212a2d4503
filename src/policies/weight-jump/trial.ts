import { known, type Facts } from '../../core/facts.ts';
import type { DestinationRuleObject, Route } from '../../core/objects.ts';
import type { Circumstances, Outcome, Raised } from '../../core/policy.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { behind, destinationMemo, servesLess, storedRules, type Behind } from '../../kubernetes/destination.ts';
import { destinationNeeds } from '../../kubernetes/destination-facts.ts';
import type { WeightJumpConfig } from './config.ts';
import type { Shift } from './align.ts';
import type { findings } from './findings.ts';
import type { Side } from './load.ts';

export const needs = [...destinationNeeds, 'canaries', 'virtualServices', 'namespaces'] as const;

export type Need = (typeof needs)[number];
export type WeightJumpFacts = Facts<Need>;
export type Verdict = Outcome<Raised<typeof findings>, Need>;
export type Found = Raised<typeof findings>;
export type Blind = NonNullable<Verdict['blind']>[number];

export type Resolve = (host: string, subset: string, namespace: string) => Behind;

/** What one review is judged by, whatever of it is asked. */
export interface Trial {
  readonly facts: WeightJumpFacts;
  readonly config: WeightJumpConfig;
  readonly now: number;
  /** The request comes from a controller of traffic. */
  readonly controller: boolean;
  /** Whom a finding is about, as its messages name it: `checkout-api-vs`. */
  readonly object: string;
  /** Of the object under review. */
  readonly namespace: string;
  /** What may have served behind a destination of a route in this namespace; remembered. */
  readonly resolve: Resolve;
  /** What is there for all clients, for who is to get traffic. */
  readonly resolveTarget: Resolve;
  /** The same, by what was known last of what is unknown now: good for finding out whose it is, not whether it serves. */
  readonly resolveLast: () => Resolve;
}

/** What was found about one of the destinations that a rule sends to. */
export interface JudgedPart {
  /** Its place among them. */
  readonly side: number;
  readonly verdict: Verdict;
}

/** Large routes say the same of many paths: what was judged once is not judged again. */
export interface Repeated {
  /** The same for shifts that differ in names only. */
  readonly signature: (shift: Shift, stood: readonly Side[] | undefined, after: readonly Side[]) => string;
  readonly judged: Map<string, readonly JudgedPart[]>;
}

export function repeated(): Repeated {
  const ids = new Map<Behind, number>();
  const idOf = (to: Behind): number => {
    const id = ids.get(to) ?? ids.size;
    ids.set(to, id);
    return id;
  };
  const signature: Repeated['signature'] = ({ kind, targeted, was, namespaces }, stood, after) => {
    const places = new Map(after.map(({ key }, place) => [key, place]));
    const sources = (stood ?? []).map(({ key, share, to }) => `${idOf(to)} ${share} ${places.get(key) ?? '-'}`);
    const targets = after.map(({ share, to }) => `${idOf(to)} ${share}`);
    return [kind, targeted, was?.size === 0, was === undefined, namespaces ?? '', sources.join(), targets.join()].join('|');
  };
  return { signature, judged: new Map() };
}

/** A part of the traffic is judged in. */
export interface ShiftContext {
  readonly repeated: Repeated;
  readonly trial: Trial;
  /** Of the route. */
  readonly namespace: string;
  /** Resolves who gains: as DestinationRules would be after the change. */
  readonly resolveAfter: Resolve;
  /** The weights of a route change, so there are rungs; since when they are as they are, ms since the epoch. */
  readonly ladder: { readonly since: number | undefined } | undefined;
  /** Where the review is about a DestinationRule: the field that moves the traffic, for there is no route in it. */
  readonly repointed: string | undefined;
}

export type Rules = (namespace: string, service: string) => readonly DestinationRuleObject[];

export function trialOf(request: AdmissionRequest, { facts, config, now }: Circumstances<Need, WeightJumpConfig>): Trial {
  const resolve = resolvers(facts, config);
  return {
    facts,
    config,
    now,
    controller: config.controllers.includes(request.user.name),
    object: request.name,
    namespace: request.namespace,
    resolve: resolve.most,
    resolveTarget: resolve.least,
    resolveLast: () => resolvers(lastKnown(facts), config).least,
  };
}

function lastKnown(facts: WeightJumpFacts): WeightJumpFacts {
  const recalled = needs.map((need) => {
    const fact = facts[need];
    return [need, fact.known || fact.lastKnown === undefined ? fact : known(fact.lastKnown)] as const;
  });
  return Object.fromEntries(recalled) as unknown as WeightJumpFacts;
}

/** What is behind destinations: by who sees most of it, and by who sees least. */
export interface Resolvers {
  readonly most: Resolve;
  readonly least: Resolve;
}

/** With `rules`, as if DestinationRules stood so. What is behind a destination is found out once. */
export function resolvers(facts: WeightJumpFacts, { rootNamespace }: WeightJumpConfig, rules?: Rules): Resolvers {
  const seen = new Map<string, readonly [Behind, ...Behind[]]>();
  const asked = rules ?? ((namespace: string, service: string) => storedRules(facts, namespace, service));
  const memo = destinationMemo();
  const isNamespace = (name: string): boolean => facts.namespaces.known && facts.namespaces.value.get('', name) !== undefined;
  const views: (...of: Parameters<Resolve>) => readonly [Behind, ...Behind[]] = (host, subset, namespace) => {
    const key = `${namespace} ${host} ${subset}`;
    const found = seen.get(key) ?? behind(host, subset, { facts, namespace, rootNamespace, rules: asked, isNamespace, memo });
    seen.set(key, found);
    return found;
  };
  return {
    most: (...of) => views(...of).reduce((one, other) => (servesLess(one, other) ? other : one)),
    least: (...of) => views(...of).reduce((one, other) => (servesLess(one, other) ? one : other)),
  };
}

/** Several parts of a verdict as one. */
export function together(parts: readonly Verdict[]): Verdict {
  const blind = new Map<string, Blind>();
  for (const one of parts.flatMap((part) => part.blind ?? [])) {
    const key = `${one.fact} ${one.effect ?? ''}`;
    const namespaces = new Set([...(blind.get(key)?.namespaces ?? []), ...(one.namespaces ?? [])]);
    blind.set(key, { ...one, namespaces: [...namespaces] });
  }
  return { findings: parts.flatMap((part) => part.findings), blind: [...blind.values()] };
}

/** What is said twice is said once: several parts of the traffic may find the same about the same share. */
export function once({ findings, ...rest }: Verdict): Verdict {
  const seen = new Map<string, Found>();
  for (const one of findings) {
    const key = keyOf(one);
    const known = seen.get(key);
    // The same code denies in one part and warns in another.
    if (known === undefined || (known.effect !== 'deny' && one.effect === 'deny')) seen.set(key, one);
  }
  return { ...rest, findings: [...seen.values()] };
}

function keyOf({ code, detail, path }: Found): string {
  if (!('destination' in detail)) return JSON.stringify([code, path, detail]);
  const { object, rule, destination, fromPercent, toPercent } = detail;
  return [code, path, object, rule, destination, fromPercent, toPercent].join(' ');
}

/** More than anybody routes by hand, and more than may be judged while others wait. */
export const most = { shifts: 5_000, destinations: 50_000 } as const;

export function tooManyRules([before, after]: readonly [number, number], { object }: Trial): Found {
  return { code: 'too-many-rules', detail: { object, before, after } };
}

/** A route that no client sees: exported to nobody, it can only be named by another one. */
export function isInvisible({ exportTo, hosts }: Route): boolean {
  return hosts.length > 0 && exportTo.length === 1 && exportTo[0] === '~';
}
