import { serviceKey } from '../core/keys.ts';
import type { Endpoint, EndpointSliceObject, Labels, PodObject, ServiceObject } from '../core/objects.ts';
import type { DestinationFacts } from './destination-facts.ts';

/** Which pods of a Service take requests now. */
export interface Endpoints {
  readonly kind: 'endpoints';
  readonly ready: number;
  /** Of the ready ones, ms since the epoch; fewer than `ready` where an endpoint has no pod to ask. */
  readonly readySince: readonly number[];
  /** Which pods are ready: as many as `readySince`. */
  readonly readyPods: readonly string[];
  /** All that are selected, ready or not. */
  readonly pods: readonly PodObject[];
}

export interface Selected {
  readonly labels: Labels;
  readonly subsetLabels: Labels;
  /** No pod can carry both the Service's labels and the subset's. */
  readonly contradictory: boolean;
  /** By Service: found out for other subsets of it. */
  readonly routed: Map<string, Routed>;
}

/** Does an EndpointSlice send requests to a pod? */
export type Routed = (pod: PodObject) => boolean;

interface Unknown {
  readonly kind: 'unknown';
  readonly fact: 'pods' | 'endpointSlices';
}
interface CannotJudge {
  readonly kind: 'cannot-judge';
  readonly why: string;
}

/**
 * A pod takes requests when it says so itself (Ready, started, not terminating) and an EndpointSlice sends them to it.
 * The pod alone may be ahead of the proxies; the slice alone lies under `publishNotReadyAddresses`, and knows no time.
 */
export function endpointsOf(
  service: ServiceObject,
  selected: Selected,
  facts: DestinationFacts,
): Endpoints | Unknown | CannotJudge {
  const { pods, endpointSlices } = facts;
  if (selected.contradictory) return { kind: 'endpoints', ready: 0, readySince: [], readyPods: [], pods: [] };
  if (!pods.known) return { kind: 'unknown', fact: 'pods' };
  if (!endpointSlices.known) return { kind: 'unknown', fact: 'endpointSlices' };
  const slices = endpointSlices.value.by('service', serviceKey(service.namespace, service.name));
  if (service.selector.size === 0) return byHand(service.namespace, selected.subsetLabels, slices, facts);
  const all = pods.value.select(service.namespace, selected.labels);
  const serving = all.filter((pod) => isServing(pod));
  const key = serviceKey(service.namespace, service.name);
  const isRouted = selected.routed.get(key) ?? routedBy(slices, service.publishesNotReady);
  selected.routed.set(key, isRouted);
  const routed = slices.length === 0 ? serving : serving.filter(isRouted);
  return { kind: 'endpoints', ready: routed.length, readySince: times(routed), readyPods: names(routed), pods: all };
}

function isServing({ ready, started, terminating }: PodObject): boolean {
  return ready && started && !terminating;
}

/** A pod with an IPv4 and an IPv6 address stands in two slices, and is one pod. */
function routedBy(slices: readonly EndpointSliceObject[], trustPresence: boolean): Routed {
  const names = new Set<string>();
  const addresses = new Set<string>();
  for (const { endpoints } of slices)
    for (const endpoint of endpoints) {
      if (!trustPresence && !takesRequests(endpoint)) continue;
      if (endpoint.podName === '') addresses.add(endpoint.address);
      else names.add(endpoint.podName);
    }
  return ({ name, podIP }) => names.has(name) || (podIP !== undefined && addresses.has(podIP));
}

function takesRequests({ ready, terminating }: Endpoint): boolean {
  return ready && !terminating;
}

/** A Service without a selector: somebody writes its slices, perhaps about machines that are no pods. */
function byHand(
  namespace: string,
  subsetLabels: Labels,
  slices: readonly EndpointSliceObject[],
  { pods }: DestinationFacts,
): Endpoints | CannotJudge {
  const open = slices.flatMap(({ endpoints }) => endpoints.filter(takesRequests));
  const one = new Map(open.map((endpoint) => [endpoint.podName || endpoint.address, endpoint]));
  const withPods = [...one.values()].map(({ podName }) =>
    podName === '' || !pods.known ? undefined : pods.value.get(namespace, podName),
  );
  if (subsetLabels.size > 0 && withPods.includes(undefined))
    return { kind: 'cannot-judge', why: 'a subset of a Service without a selector' };
  const found = withPods.filter((pod) => pod !== undefined);
  const ofSubset = found.filter(({ labels }) => [...subsetLabels].every(([key, value]) => labels.get(key) === value));
  const serving = ofSubset.filter(isServing);
  const foreign = withPods.length - found.length;
  return {
    kind: 'endpoints',
    ready: serving.length + foreign,
    readySince: times(serving),
    readyPods: names(serving),
    pods: ofSubset,
  };
}

/** A pod that does not say since when it is ready has been so for no time at all. */
function times(pods: readonly PodObject[]): readonly number[] {
  return pods.map(({ readySince }) => readySince ?? Number.POSITIVE_INFINITY);
}

function names(pods: readonly PodObject[]): readonly string[] {
  return pods.map(({ name }) => name);
}
