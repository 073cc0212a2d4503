import { asInteger, asList, asObject, asText, at, own, type Json, type JsonObject } from '../core/json.ts';
import { createPool } from './intern.ts';

/** What every item of a store is found by. */
export interface Identity {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Controller {
  readonly kind: string;
  readonly name: string;
  /** Empty only in manifests written by hand. */
  readonly uid: string;
}

export interface DeploymentItem extends Identity {
  readonly labels: ReadonlyMap<string, string>;
  /** Only ours: keys of `rollback-bouncer.dev`. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly replicas: number;
  readonly selector: JsonObject;
  readonly paused: boolean;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly currentPods: number;
  readonly updatedPods: number;
  readonly readyPods: number;
  readonly availablePods: number;
}

export interface ReplicaSetItem extends Identity {
  readonly labels: ReadonlyMap<string, string>;
  readonly controller: Controller | undefined;
  /** RFC 3339, as stored. */
  readonly createdAt: string;
  readonly revision: number;
  readonly template: JsonObject;
  readonly desiredPods: number;
  readonly readyPods: number;
}

export interface NamespaceItem extends Identity {
  readonly labels: ReadonlyMap<string, string>;
  readonly deletionTimestamp: string | undefined;
}

export interface PodItem extends Identity {
  readonly labels: ReadonlyMap<string, string>;
  /** Of the controller; undefined for a pod of its own. */
  readonly ownerUid: string | undefined;
  readonly podIP: string | undefined;
  readonly ready: boolean;
  /** When it last became ready, in ms; undefined while it is not ready. */
  readonly readySince: number | undefined;
  /** Every app container has passed its startup probe. */
  readonly started: boolean;
  /** Of all app containers together. */
  readonly restarts: number;
  readonly terminating: boolean;
}

const pool = createPool();
const ourAnnotation = /^([a-z0-9-]+\.)*rollback-bouncer\.dev\//;
const revisionAnnotation = 'deployment.kubernetes.io/revision';

const count = (value: unknown, absent = 0): number => asInteger(value) ?? absent;

/** Undefined when there is no name: such a thing is no object of the API. */
export function identity(raw: JsonObject): Identity | undefined {
  const metadata = own(raw, 'metadata');
  const name = asText(own(metadata, 'name')) ?? '';
  if (name === '') return undefined;
  return { namespace: pool.text(asText(own(metadata, 'namespace')) ?? ''), name, uid: asText(own(metadata, 'uid')) ?? '' };
}

const labelsOf = (raw: JsonObject): ReadonlyMap<string, string> => pool.map(at(raw, 'metadata', 'labels'));

/** The API server requires a uid; manifests written by hand may lack it, and then the mark of the controller with it. */
function controllerOf(raw: JsonObject): Controller | undefined {
  const references = asList(at(raw, 'metadata', 'ownerReferences'));
  const byHand = (one: Json): boolean => own(one, 'controller') === undefined && own(one, 'uid') === undefined;
  const found = asObject(references.find((one) => own(one, 'controller') === true) ?? references.find(byHand));
  if (found === undefined) return undefined;
  const field = (key: string): string => pool.text(asText(found[key]) ?? '');
  return Object.freeze({ kind: field('kind'), name: field('name'), uid: field('uid') });
}

export function projectDeployment(raw: JsonObject): DeploymentItem | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const spec = own(raw, 'spec');
  const status = own(raw, 'status');
  return {
    ...id,
    labels: labelsOf(raw),
    annotations: pool.map(at(raw, 'metadata', 'annotations'), (key) => ourAnnotation.test(key)),
    replicas: count(own(spec, 'replicas'), 1),
    selector: asObject(own(spec, 'selector')) ?? {},
    paused: own(spec, 'paused') === true,
    generation: count(at(raw, 'metadata', 'generation')),
    observedGeneration: count(own(status, 'observedGeneration')),
    currentPods: count(own(status, 'replicas')),
    updatedPods: count(own(status, 'updatedReplicas')),
    readyPods: count(own(status, 'readyReplicas')),
    availablePods: count(own(status, 'availableReplicas')),
  };
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

export function projectNamespace(raw: JsonObject): NamespaceItem | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  return { ...id, namespace: '', labels: labelsOf(raw), deletionTimestamp: asText(at(raw, 'metadata', 'deletionTimestamp')) };
}

export function projectPod(raw: JsonObject): PodItem | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const status = own(raw, 'status');
  const containers = asList(own(status, 'containerStatuses'));
  const readyCondition = asList(own(status, 'conditions')).find((one) => own(one, 'type') === 'Ready');
  const ready = own(readyCondition, 'status') === 'True';
  return {
    ...id,
    labels: labelsOf(raw),
    ownerUid: controllerOf(raw)?.uid,
    podIP: asText(own(status, 'podIP')),
    ready,
    readySince: ready ? milliseconds(own(readyCondition, 'lastTransitionTime')) : undefined,
    started: startedOf(containers, asList(at(raw, 'spec', 'containers')).length),
    restarts: containers.reduce<number>((sum, one) => sum + count(own(one, 'restartCount')), 0),
    terminating: at(raw, 'metadata', 'deletionTimestamp') !== undefined,
  };
}

function startedOf(containers: readonly Json[], expected: number): boolean {
  return containers.length > 0 && containers.length >= expected && containers.every((one) => own(one, 'started') === true);
}

function milliseconds(value: unknown): number | undefined {
  const parsed = Date.parse(asText(value) ?? '');
  return Number.isNaN(parsed) ? undefined : parsed;
}
