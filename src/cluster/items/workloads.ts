import { asObject, asText, at, own, type JsonObject } from '../../core/json.ts';
import type { AutoscalerObject, CanaryObject, ReplicaSetObject, RolloutObject, WorkloadObject } from '../../core/objects.ts';
import { controllerOf, count, identity, labelsIn, labelsOf, ourAnnotations, targetOf, textOf } from './metadata.ts';

export interface ReplicaSetItem extends ReplicaSetObject {
  /** RFC 3339, as stored. */
  readonly createdAt: string;
  readonly revision: number;
  readonly template: JsonObject;
  readonly desiredPods: number;
  readonly readyPods: number;
}

const revisionAnnotation = 'deployment.kubernetes.io/revision';

export function projectDeployment(raw: JsonObject): WorkloadObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const spec = own(raw, 'spec');
  return {
    ...id,
    labels: labelsOf(raw),
    annotations: ourAnnotations(raw),
    replicas: count(own(spec, 'replicas'), 1),
    minReadySeconds: count(own(spec, 'minReadySeconds')),
    podLabels: labelsIn(at(spec, 'template', 'metadata', 'labels')),
  };
}

export function projectRollout(raw: JsonObject): RolloutObject | undefined {
  const workload = projectDeployment(raw);
  if (workload === undefined) return undefined;
  // The template of another object: what it says here, if anything, is not in use.
  const borrowed = asObject(at(raw, 'spec', 'workloadRef')) !== undefined;
  const podLabels = borrowed ? labelsIn(undefined) : workload.podLabels;
  return { ...workload, podLabels, stableHash: textOf(own(raw, 'status'), 'stableRS') };
}

export function projectReplicaSet(raw: JsonObject): ReplicaSetItem | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const metadata = own(raw, 'metadata');
  return {
    ...id,
    labels: labelsOf(raw),
    controller: controllerOf(raw),
    createdAt: asText(own(metadata, 'creationTimestamp')) ?? '',
    revision: revisionOf(at(metadata, 'annotations', revisionAnnotation)),
    template: templateOf(at(raw, 'spec', 'template')),
    desiredPods: count(at(raw, 'spec', 'replicas'), 1),
    readyPods: count(at(raw, 'status', 'readyReplicas')),
  };
}

function revisionOf(value: unknown): number {
  const text = asText(value) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function templateOf(value: unknown): JsonObject {
  const template = asObject(value) ?? {};
  const metadata = asObject(own(template, 'metadata'));
  if (metadata === undefined || !Object.hasOwn(metadata, 'managedFields')) return template;
  const kept = Object.entries(metadata).filter(([key]) => key !== 'managedFields');
  return { ...template, metadata: Object.fromEntries(kept) };
}

export function projectAutoscaler(raw: JsonObject): AutoscalerObject | undefined {
  const id = identity(raw);
  return id === undefined ? undefined : { ...id, target: targetOf(at(raw, 'spec', 'scaleTargetRef')) };
}

export function projectCanary(raw: JsonObject): CanaryObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  return { ...id, target: targetOf(at(raw, 'spec', 'targetRef')), phase: textOf(own(raw, 'status'), 'phase') };
}
