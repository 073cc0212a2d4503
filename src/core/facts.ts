import type { JsonObject } from './json.ts';
import type { LabelLookup, Lookup } from './lookup.ts';
import type {
  AutoscalerObject,
  CanaryObject,
  DestinationRuleObject,
  EndpointSliceObject,
  NamespaceObject,
  PodObject,
  ReplicaSetObject,
  RolloutObject,
  Route,
  ServiceObject,
  WorkloadObject,
} from './objects.ts';

/**
 * Something a policy asks about the cluster: known with its age, or unknown with the reason. Never a guess: what was known last may
 * say in what way to be careful, not that all is well.
 */
export type Fact<T> =
  | { readonly known: true; readonly value: T; readonly ageSeconds: number }
  | { readonly known: false; readonly why: string; readonly lastKnown?: T };

/** A ReplicaSet whose controller is the Deployment under review. */
export interface OwnedReplicaSet {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, as stored. */
  readonly createdAt: string;
  /** `deployment.kubernetes.io/revision`, 0 when absent. */
  readonly revision: number;
  readonly template: JsonObject;
  readonly desiredPods: number;
  readonly readyPods: number;
}

/** Facts that are found out for a request before it is judged. */
export interface Answers {
  readonly namespaceLabels: ReadonlyMap<string, string>;
  readonly ownedReplicaSets: readonly OwnedReplicaSet[];
}

/** Facts that are looked up while judging, because what to look for shows only then. Keys of indexes are made by `core/keys.ts`. */
export interface Lookups {
  readonly namespaces: Lookup<NamespaceObject>;
  readonly services: Lookup<ServiceObject>;
  /** `service`: slices of the Service of this key. */
  readonly endpointSlices: Lookup<EndpointSliceObject, 'service'>;
  readonly pods: LabelLookup<PodObject>;
  readonly replicaSets: Lookup<ReplicaSetObject>;
  readonly deployments: LabelLookup<WorkloadObject>;
  readonly rollouts: LabelLookup<RolloutObject>;
  /** `target`: those that scale the workload of this key. */
  readonly autoscalers: Lookup<AutoscalerObject, 'target'>;
  /** `target`: those that move the workload of this key. */
  readonly canaries: Lookup<CanaryObject, 'target'>;
  /** `service`: those in a namespace that may be about a Service. */
  readonly destinationRules: Lookup<DestinationRuleObject, 'service'>;
  /**
   * `host`: those that hold a host. `destination`: those that send something to a Service. `subset`: to a subset of this name.
   * `delegate`: those that hand something to the route of this key.
   */
  readonly virtualServices: Lookup<Route, 'host' | 'destination' | 'subset' | 'delegate'>;
}

/** Every fact a policy may declare, with its shape. */
export interface FactCatalogue extends Answers, Lookups {}

export type FactKey = keyof FactCatalogue;
export type AnswerKey = keyof Answers;
export type LookupKey = keyof Lookups;
export type Facts<K extends FactKey = FactKey> = { readonly [P in K]: Fact<FactCatalogue[P]> };

export interface ApiResource {
  readonly group: string;
  readonly resource: string;
}

/** What is read to know a fact; the ClusterRole and the list of watches are generated from it. */
export const factSources: Readonly<Record<FactKey, readonly ApiResource[]>> = {
  namespaceLabels: [{ group: '', resource: 'namespaces' }],
  ownedReplicaSets: [{ group: 'apps', resource: 'replicasets' }],
  namespaces: [{ group: '', resource: 'namespaces' }],
  services: [{ group: '', resource: 'services' }],
  endpointSlices: [{ group: 'discovery.k8s.io', resource: 'endpointslices' }],
  pods: [{ group: '', resource: 'pods' }],
  replicaSets: [{ group: 'apps', resource: 'replicasets' }],
  deployments: [{ group: 'apps', resource: 'deployments' }],
  rollouts: [{ group: 'argoproj.io', resource: 'rollouts' }],
  autoscalers: [{ group: 'autoscaling', resource: 'horizontalpodautoscalers' }],
  canaries: [{ group: 'flagger.app', resource: 'canaries' }],
  destinationRules: [{ group: 'networking.istio.io', resource: 'destinationrules' }],
  virtualServices: [{ group: 'networking.istio.io', resource: 'virtualservices' }],
};

/** A fact in the words of a message. */
export const factNames: Readonly<Record<FactKey, string>> = {
  namespaceLabels: 'the labels of the namespace',
  ownedReplicaSets: 'its ReplicaSets',
  namespaces: 'namespaces',
  services: 'Services',
  endpointSlices: 'EndpointSlices',
  pods: 'pods',
  replicaSets: 'ReplicaSets',
  deployments: 'Deployments',
  rollouts: 'Rollouts',
  autoscalers: 'HorizontalPodAutoscalers',
  canaries: 'Canaries',
  destinationRules: 'DestinationRules',
  virtualServices: 'VirtualServices',
};

export const factKeys = Object.keys(factSources) as readonly FactKey[];

export function known<T>(value: T, ageSeconds = 0): Fact<T> {
  return { known: true, value, ageSeconds };
}

export function unknown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why };
}
