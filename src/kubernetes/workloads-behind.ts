import { workloadKey } from '../core/keys.ts';
import type { Labels, PodObject, RolloutObject, WorkloadObject } from '../core/objects.ts';
import type { DestinationFacts } from './destination-facts.ts';

/** A workload whose pods are behind a destination. */
export interface Workload {
  readonly kind: 'Deployment' | 'Rollout';
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly annotations: ReadonlyMap<string, string>;
  /** Somebody else decides about the number of its pods. */
  readonly autoscaled: boolean;
  /** All of these pods are of the stable release of the Rollout. */
  readonly stable: boolean;
}

export interface PodsBehind {
  readonly namespace: string;
  readonly labels: Labels;
  readonly pods: readonly PodObject[];
}

/** Argo and Kubernetes put them on pods; no template carries them. */
const hashLabels: readonly string[] = ['pod-template-hash', 'rollouts-pod-template-hash'];

/** The owners of the pods; where there is no pod, the workloads whose template would make one. What is not known is left out. */
export function workloadsBehind(behind: PodsBehind, facts: DestinationFacts): readonly Workload[] {
  const owners = ownersOf(behind, facts);
  return owners.length > 0 ? owners : makersOf(behind, facts);
}

function ownersOf({ namespace, pods }: PodsBehind, facts: DestinationFacts): readonly Workload[] {
  const owners = new Map<string, Workload>();
  const seen = new Set<string>();
  for (const { controller } of pods) {
    if (controller?.kind !== 'ReplicaSet' || seen.has(controller.name) || !facts.replicaSets.known) continue;
    seen.add(controller.name);
    const owner = facts.replicaSets.value.get(namespace, controller.name)?.controller;
    const found = owner === undefined ? undefined : workload(owner.kind, { namespace, name: owner.name, pods }, facts);
    if (found !== undefined) owners.set(`${found.kind}/${found.name}`, found);
  }
  return [...owners.values()];
}

function makersOf({ namespace, labels }: PodsBehind, facts: DestinationFacts): readonly Workload[] {
  const ofTemplate = new Map([...labels].filter(([key]) => !hashLabels.includes(key)));
  const deployments = facts.deployments.known ? facts.deployments.value.select(namespace, ofTemplate) : [];
  const rollouts = facts.rollouts.known ? facts.rollouts.value.select(namespace, ofTemplate) : [];
  return [
    ...deployments.map((one) => describe('Deployment', one, false, facts)),
    ...rollouts.map((one) => describe('Rollout', one, false, facts)),
  ];
}

interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly PodObject[];
}

function workload(kind: string, { namespace, name, pods }: Owner, facts: DestinationFacts): Workload | undefined {
  const { deployments, rollouts } = facts;
  if (kind === 'Deployment' && deployments.known) {
    const found = deployments.value.get(namespace, name);
    return found && describe('Deployment', found, false, facts);
  }
  if (kind !== 'Rollout' || !rollouts.known) return undefined;
  const found = rollouts.value.get(namespace, name);
  return found && describe('Rollout', found, allStable(found, pods), facts);
}

function allStable({ stableHash }: RolloutObject, pods: readonly PodObject[]): boolean {
  return stableHash !== '' && pods.every(({ labels }) => labels.get('rollouts-pod-template-hash') === stableHash);
}

function describe(kind: Workload['kind'], found: WorkloadObject, stable: boolean, { autoscalers }: DestinationFacts): Workload {
  const { namespace, name, replicas, minReadySeconds, annotations } = found;
  const key = workloadKey(namespace, kind, name);
  const autoscaled = autoscalers.known && autoscalers.value.by('target', key).length > 0;
  return { kind, namespace, name, replicas, minReadySeconds, annotations, autoscaled, stable };
}
