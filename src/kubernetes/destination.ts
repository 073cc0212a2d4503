import { anyService, ruleKey, serviceKey } from '../core/keys.ts';
import type { DestinationRuleObject, Labels, PodObject, ServiceObject } from '../core/objects.ts';
import type { DestinationFacts, DestinationNeed } from './destination-facts.ts';
import { endpointsOf, type Endpoints } from './endpoints.ts';
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
  /** Pods that are wanted: by their Deployments, or as many as are there. */
  readonly desired: number;
  readonly pods: readonly PodObject[];
  readonly workloads: readonly Workload[];
}

export interface DestinationContext {
  readonly facts: DestinationFacts;
  /** Of the route: short hosts and DestinationRules of its clients are there. */
  readonly namespace: string;
  /** Where Istio keeps rules for the whole mesh. */
  readonly rootNamespace: string;
  /** Rules as they would be: asked instead of the lookup, for a change of one of them. */
  readonly rules?: (namespace: string, service: string) => readonly DestinationRuleObject[];
}

const domain = /^[^.]+\.[^.]+\.?$/;

/** The pods behind a host and a subset (empty for the whole Service), as far as they can be known. Looks up, never scans. */
export function behind(host: string, subset: string, context: DestinationContext): Behind {
  const target = serviceOfHost(host, context.namespace);
  if (target.kind === 'external') return target;
  const { namespace, name } = target;
  const { services } = context.facts;
  if (!services.known) return unknownFact('services', namespace);
  const service = services.value.get(namespace, name);
  // `example.com` looks like `name.namespace`, and without such a Service it is what it looks like to everybody else.
  if (service === undefined && domain.test(host)) return { kind: 'external' };
  if (service === undefined) return { kind: 'service-missing', namespace, service: name };
  if (service.external) return { kind: 'external' };
  if (service.labels.has('mirror.linkerd.io/mirrored-service'))
    return { kind: 'cannot-judge', why: 'a mirrored Service', namespace };
  const labels = labelsOf(service, subset, context);
  return labels.kind === 'labels' ? backingOf(service, { ...labels, subset, doubtful: target.doubtful }, context.facts) : labels;
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
 * The labels of a subset. Each client asks the first namespace that has any rule for the host: its own, that of the Service, that
 * of the mesh. Which clients follow a route is not known: those of its namespace may, and others, so what holds for either counts.
 * https://github.com/istio/istio/blob/master/pilot/pkg/model/push_context.go (destinationRule)
 */
function labelsOf(service: ServiceObject, subset: string, context: DestinationContext): Resolved | Unresolved {
  if (subset === '') return { kind: 'labels', subsetLabels: noLabels };
  const { namespace, name } = service;
  const { facts } = context;
  if (!facts.destinationRules.known) return unknownFact('destinationRules', namespace);
  const rules = context.rules ?? ((inNamespace: string, key: string) => storedRules(facts, inNamespace, key));
  const seenBy = [
    [context.namespace, namespace, context.rootNamespace],
    [namespace, context.rootNamespace],
  ].map((places) => firstWithRules(places, (place) => subsetsFor(rules(place, serviceKey(namespace, name)), namespace, name)));
  const subsetLabels = seenBy.find((subsets) => subsets?.has(subset) === true)?.get(subset);
  if (subsetLabels === undefined) {
    const defined = new Set(seenBy.flatMap((subsets) => [...(subsets?.keys() ?? [])]));
    return { kind: 'subset-undefined', namespace, service: name, subsets: [...defined] };
  }
  return cannotJudgeLabels(subsetLabels)
    ? { kind: 'cannot-judge', why: `subset ${subset} selects by labels that Istio adds`, namespace }
    : { kind: 'labels', subsetLabels };
}

type Subsets = ReadonlyMap<string, Labels> | undefined;

function firstWithRules(places: readonly string[], subsetsIn: (place: string) => Subsets): Subsets {
  for (const place of new Set(places)) {
    const subsets = subsetsIn(place);
    if (subsets !== undefined) return subsets;
  }
  return undefined;
}

const noLabels: Labels = new Map();

interface Chosen {
  readonly subsetLabels: Labels;
  readonly subset: string;
  readonly doubtful: boolean;
}

function backingOf(service: ServiceObject, { subsetLabels, doubtful }: Chosen, facts: DestinationFacts): Behind {
  const { namespace } = service;
  const contradictory = [...subsetLabels].some(([key, value]) => (service.selector.get(key) ?? value) !== value);
  const labels = new Map([...service.selector, ...subsetLabels]);
  const endpoints = endpointsOf(service, { labels, subsetLabels, contradictory }, facts);
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
    desired: desiredOf(endpoints, workloads),
    pods: endpoints.pods,
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
