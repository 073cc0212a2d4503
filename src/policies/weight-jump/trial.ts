import type { Facts } from '../../core/facts.ts';
import type { DestinationRuleObject, Route } from '../../core/objects.ts';
import type { Circumstances, Outcome, Raised } from '../../core/policy.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { behind, type Behind } from '../../kubernetes/destination.ts';
import { destinationNeeds } from '../../kubernetes/destination-facts.ts';
import type { WeightJumpConfig } from './config.ts';
import type { findings } from './findings.ts';

export const needs = [...destinationNeeds, 'canaries', 'virtualServices', 'namespaces'] as const;

export type Need = (typeof needs)[number];
export type WeightJumpFacts = Facts<Need>;
export type Verdict = Outcome<Raised<typeof findings>, Need>;
export type Found = Raised<typeof findings>;
export type Blind = NonNullable<Verdict['blind']>[number];

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
  /** What is behind a destination of a route in this namespace; remembered. */
  readonly resolve: (host: string, subset: string, namespace: string) => Behind;
}

/** A part of the traffic is judged in. */
export interface ShiftContext {
  readonly trial: Trial;
  /** Of the route. */
  readonly namespace: string;
  /** Resolves who gains: as DestinationRules would be after the change. */
  readonly resolveAfter: Trial['resolve'];
  /** The weights of a route change, so there are rungs; since when they are as they are, ms since the epoch. */
  readonly ladder: { readonly since: number | undefined } | undefined;
  /** Where the review is about a DestinationRule: the field that moves the traffic, for there is no route in it. */
  readonly repointed: string | undefined;
}

export type Rules = (namespace: string, service: string) => readonly DestinationRuleObject[];

export function trialOf(request: AdmissionRequest, { facts, config, now }: Circumstances<Need, WeightJumpConfig>): Trial {
  return {
    facts,
    config,
    now,
    controller: config.controllers.includes(request.user.name),
    object: request.name,
    namespace: request.namespace,
    resolve: resolver(facts, config),
  };
}

/** With `rules`, as if DestinationRules stood so. */
export function resolver(facts: WeightJumpFacts, { rootNamespace }: WeightJumpConfig, rules?: Rules): Trial['resolve'] {
  const seen = new Map<string, Behind>();
  return (host, subset, namespace) => {
    const key = `${namespace} ${host} ${subset}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const found = behind(host, subset, { facts, namespace, rootNamespace, ...(rules && { rules }) });
    seen.set(key, found);
    return found;
  };
}

/** Several parts of a verdict as one; what is said twice is said once. */
export function together(parts: readonly Verdict[]): Verdict {
  const findings = new Map(parts.flatMap((part) => part.findings).map((one) => [JSON.stringify(one), one]));
  const blind = new Map<string, Blind>();
  for (const one of parts.flatMap((part) => part.blind ?? [])) {
    const key = `${one.fact} ${one.effect ?? ''}`;
    const namespaces = new Set([...(blind.get(key)?.namespaces ?? []), ...(one.namespaces ?? [])]);
    blind.set(key, { ...one, namespaces: [...namespaces] });
  }
  return { findings: [...findings.values()], blind: [...blind.values()] };
}

/** A route that no client sees: exported to nobody, it can only be named by another one. */
export function isInvisible({ exportTo, hosts }: Route): boolean {
  return hosts.length > 0 && exportTo.length === 1 && exportTo[0] === '~';
}
