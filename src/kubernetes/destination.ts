import { anyService, ruleKey, serviceKey } from '../core/keys.ts';
import type { DestinationRuleObject, Labels, ServiceObject } from '../core/objects.ts';
import type { DestinationFacts, DestinationNeed } from './destination-facts.ts';
import { endpointsOf, type Endpoints, type Routed } from './endpoints.ts';
import { cannotJudgeLabels, subsetsFor } from './routes/destination-rule.ts';
import { serviceOfHost } from './routes/host.ts';
import { workloadsBehind, type Workload } from './workloads-behind.ts';

/** What is behind a destination of a route. */
export type Behind =
  /** Not in this cluster: nothing can be said, and nothing is asked. */
  | { readonly kind: 'external' }
  | { readonly kind: 'cannot-judge'; readonly why: string; readonly namespace: string }
  | { readonly kind: 'service-missing'; readonly namespace: string; readonly service: string }
  | {
      readonly kind: 'subset-undefined';
      readonly namespace: string;
      readonly service: string;
      readonly subsets: readonly string[];
    }
  | {
      readonly kind: 'unknown';
      readonly fact: DestinationNeed;
      readonly namespace: string;
      /** Of its pods, where at least those are known. */
      readonly labels?: Labels;
      readonly workloads: readonly Workload[];
    }
  | Backing;

/** The pods that a destination sends requests to. */
export interface Backing {
  readonly kind: 'pods';
  readonly namespace: string;
  readonly service: string;
  /** Labels that its pods carry: of the Service's selector and of the subset. */
  readonly labels: Labels;
  /** Istio does not resolve this spelling of the host; the Service of that name is taken. */
  readonly doubtful: boolean;
  readonly ready: number;
  /** Since when each ready pod is ready, ms since the epoch; those without a pod to ask are left out. */
  readonly readySince: readonly number[];
  /** Names of the ready pods; fewer than `ready` where an endpoint has no pod. */
  readonly readyPods: readonly string[];
  /** Pods that are wanted: by their Deployments, or as many as are there. */
  readonly desired: number;
  readonly workloads: readonly Workload[];
}

export interface DestinationContext {
  readonly facts: DestinationFacts;
  /** Of the route: short hosts and DestinationRules of its clients are there. */
  readonly namespace: string;
  /** Where Istio keeps rules for the whole mesh. */
  readonly rootNamespace: string;
  /** DestinationRules of a namespace that may be about a Service. */
  readonly rules: (namespace: string, service: string) => readonly DestinationRuleObject[];
  /** Whether there is a namespace of this name, as far as anybody knows. */
  readonly isNamespace: (name: string) => boolean;
  /** What was found out for other destinations with the same facts and the same rules. */
  readonly memo: DestinationMemo;
}

export interface DestinationMemo {
  readonly subsets: Map<string, { readonly seen: Subsets }>;
  readonly routed: Map<string, Routed>;
  /** By Service and labels: subsets of other names may have the same ones. */
  readonly behind: Map<string, Behind>;
}

export function destinationMemo(): DestinationMemo {
  return { subsets: new Map(), routed: new Map(), behind: new Map() };
}

type Subsets = ReadonlyMap<string, Labels> | undefined;

const domain = /^[^.]+\.[^.]+\.?$/;

/** What each client sees behind the same words; all of them, where they see the same. */
export type Views = readonly [Behind, ...Behind[]];

/**
 * The pods behind a host and a subset (empty for the whole Service), as far as they can be known: as clients in the namespace of the
 * route see them, and where those in the namespace of the Service may see others, as they do. Looks up, never scans.
 */
export function behind(host: string, subset: string, context: DestinationContext): Views {
  const target = serviceOfHost(host, context.namespace);
  if (target.kind === 'external') return [target];
  const { namespace, name } = target;
  const { services } = context.facts;
  if (!services.known) return [unknownFact('services', namespace)];
  const service = services.value.get(namespace, name);
  // `example.com` looks like `name.namespace`, and without such a Service it is what it looks like to everybody else.
  if (service === undefined && domain.test(host) && !context.isNamespace(namespace)) return [{ kind: 'external' }];
  if (service === undefined) return [{ kind: 'service-missing', namespace, service: name }];
  if (service.external) return [{ kind: 'external' }];
  if (service.labels.has('mirror.linkerd.io/mirrored-service'))
    return [{ kind: 'cannot-judge', why: 'a mirrored Service', namespace }];
  const [first, ...others] = views(service, subset, context);
  const backing = (view: View): Behind =>
    view.kind === 'labels' ? backingOf(service, { ...view, doubtful: target.doubtful }, context) : view;
  return [backing(first), ...others.map(backing)];
}

/** Whether the one, of what two clients see behind the same words, can serve less than the other. */
export function servesLess(one: Behind, other: Behind): boolean {
  if (one.kind !== 'pods') return true;
  return other.kind === 'pods' && other.ready >= one.ready;
}

/** DestinationRules of a namespace that may be about a Service, as they stand. */
export function storedRules(facts: DestinationFacts, namespace: string, service: string): readonly DestinationRuleObject[] {
  if (!facts.destinationRules.known) return [];
  const { by } = facts.destinationRules.value;
  return [...by('service', ruleKey(namespace, service)), ...by('service', ruleKey(namespace, anyService))];
}

interface Resolved {
  readonly kind: 'labels';
  readonly subsetLabels: Labels;
}
type Unresolved = Exclude<Behind, Backing | { readonly kind: 'external' | 'service-missing' }>;

/**
 * What a subset means to clients in the namespace of the route and in that of the Service. A client asks the first namespace that has
 * any rule for the host and lets it be seen: its own, that of the Service, that of the mesh.
 * https://github.com/istio/istio/blob/master/pilot/pkg/model/push_context.go (destinationRule)
 */
function views(service: ServiceObject, subset: string, context: DestinationContext): readonly [View, ...View[]] {
  if (subset === '') return [{ kind: 'labels', subsetLabels: noLabels }];
  const { namespace } = service;
  if (!context.facts.destinationRules.known) return [unknownFact('destinationRules', namespace)];
  const first = viewOf(service, subset, context, context.namespace);
  if (context.namespace === namespace) return [first];
  const second = viewOf(service, subset, context, namespace);
  const same = first.kind === 'labels' && second.kind === 'labels' && first.subsetLabels === second.subsetLabels;
  return same ? [first] : [first, second];
}

type View = Resolved | Unresolved;

function viewOf(service: ServiceObject, subset: string, context: DestinationContext, client: string): View {
  const { namespace, name } = service;
  for (const place of new Set([client, namespace, context.rootNamespace])) {
    const subsets = subsetsIn(place, client, service, context);
    if (subsets === undefined) continue;
    const subsetLabels = subsets.get(subset);
    if (subsetLabels === undefined) return { kind: 'subset-undefined', namespace, service: name, subsets: [...subsets.keys()] };
    return cannotJudgeLabels(subsetLabels)
      ? { kind: 'cannot-judge', why: `subset ${subset} selects by labels that Istio adds`, namespace }
      : { kind: 'labels', subsetLabels };
  }
  return { kind: 'subset-undefined', namespace, service: name, subsets: [] };
}

function subsetsIn(
  place: string,
  client: string,
  { namespace, name }: ServiceObject,
  { rules, memo }: DestinationContext,
): Subsets {
  const service = serviceKey(namespace, name);
  const key = `${place} ${client} ${service}`;
  const known = memo.subsets.get(key);
  if (known !== undefined) return known.seen;
  const visible = rules(place, service).filter((rule) => isSeenFrom(client, rule));
  const seen = subsetsFor(visible, namespace, name);
  memo.subsets.set(key, { seen });
  return seen;
}

function isSeenFrom(client: string, { exportTo, namespace }: DestinationRuleObject): boolean {
  return exportTo.length === 0 || exportTo.some((to) => to === '*' || to === client || (to === '.' && namespace === client));
}

const noLabels: Labels = new Map();

interface Chosen {
  readonly subsetLabels: Labels;
  readonly doubtful: boolean;
}

/** Aliases of the same pods are one object. */
function backingOf(service: ServiceObject, chosen: Chosen, context: DestinationContext): Behind {
  const { behind: found } = context.memo;
  const key = JSON.stringify([service.namespace, service.name, chosen.doubtful, ...chosen.subsetLabels]);
  const known = found.get(key) ?? newBacking(service, chosen, context);
  found.set(key, known);
  return known;
}

function newBacking(service: ServiceObject, { subsetLabels, doubtful }: Chosen, { facts, memo }: DestinationContext): Behind {
  const { namespace } = service;
  const contradictory = [...subsetLabels].some(([key, value]) => (service.selector.get(key) ?? value) !== value);
  const labels = new Map([...service.selector, ...subsetLabels]);
  const endpoints = endpointsOf(service, { labels, subsetLabels, contradictory, routed: memo.routed }, facts);
  if (endpoints.kind === 'unknown') {
    const workloads = workloadsBehind({ namespace, labels, pods: [] }, facts);
    return { ...unknownFact(endpoints.fact, namespace), labels, workloads };
  }
  if (endpoints.kind === 'cannot-judge') return { ...endpoints, namespace };
  const workloads = workloadsBehind({ namespace, labels, pods: endpoints.pods }, facts);
  return {
    kind: 'pods',
    namespace,
    service: service.name,
    labels,
    doubtful,
    ready: endpoints.ready,
    readySince: endpoints.readySince,
    readyPods: endpoints.readyPods,
    desired: desiredOf(endpoints, workloads),
    workloads,
  };
}

/** What a Rollout wants is for all of its ReplicaSets together, so its subsets count as many pods as are there. */
function desiredOf({ pods, ready }: Endpoints, workloads: readonly Workload[]): number {
  const here = Math.max(pods.filter(({ terminating }) => !terminating).length, ready);
  if (workloads.length === 0 || workloads.some(({ kind }) => kind === 'Rollout')) return here;
  return workloads.reduce((sum, { replicas }) => sum + replicas, 0);
}

function unknownFact(fact: DestinationNeed, namespace: string): Behind & { readonly kind: 'unknown' } {
  return { kind: 'unknown', fact, namespace, workloads: [] };
}
