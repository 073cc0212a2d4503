import type { AnswerKey, Answers, FactKey, LookupKey, Lookups, OwnedReplicaSet } from '../core/facts.ts';
import { asObject, asText, at, type JsonObject } from '../core/json.ts';
import { workloadKey } from '../core/keys.ts';
import type { Labels } from '../core/objects.ts';
import type { AdmissionRequest } from '../core/request.ts';
import type { ReplicaSetItem } from './items/workloads.ts';
import { kindOf, kinds, type KindName, type Stores } from './kinds.ts';

/** The value of a fact, or undefined when these stores do not hold what it is derived from. */
type Derivations = { readonly [K in AnswerKey]: (stores: Stores, request: AdmissionRequest) => Answers[K] | undefined };

const none: Labels = new Map();

const derivations: Derivations = { namespaceLabels, ownedReplicaSets };

/** Pure over the stores: the same for a watched cluster and for manifests. */
export function deriveFact<K extends AnswerKey>(key: K, stores: Stores, request: AdmissionRequest): Answers[K] | undefined {
  return derivations[key](stores, request);
}

/** The kind whose store a fact is derived from: its age is the age of the fact. */
export const factKinds: Readonly<Record<AnswerKey, KindName>> = {
  namespaceLabels: 'namespaces',
  ownedReplicaSets: 'replicaSets',
};

/** Whether a fact is a lookup: then its kind has the same name. */
export function isLookup(key: FactKey): key is LookupKey {
  return key !== 'namespaceLabels' && key !== 'ownedReplicaSets';
}

/** The stores as policies see them; that it compiles is the proof that each has the indexes that its lookup promises. */
export function lookupsOf(stores: Stores): Lookups {
  return stores;
}

/** The value of a fact that needs no cluster at all, for this request. */
export function evidentFact<K extends AnswerKey>(key: K, request: AdmissionRequest): Answers[K] | undefined {
  return evident[key](request);
}

const evident: { readonly [K in AnswerKey]: (request: AdmissionRequest) => Answers[K] | undefined } = {
  namespaceLabels: (request) => (request.namespace === '' ? none : labelsOfNamespaceRequest(request)),
  // What is being created owns nothing yet.
  ownedReplicaSets: ({ operation }) => (operation === 'CREATE' ? [] : undefined),
};

/** A review of a Namespace carries its labels. Those that are stored count: a request must not choose the mode it is judged in. */
function labelsOfNamespaceRequest({ group, resource, object, oldObject }: AdmissionRequest): Labels | undefined {
  const stored = oldObject ?? object;
  if (group !== '' || resource !== 'namespaces' || stored === undefined) return undefined;
  return kinds.namespaces.project(stored)?.labels;
}

function namespaceLabels(stores: Stores, request: AdmissionRequest): Labels | undefined {
  return stores.namespaces.get('', request.namespace)?.labels;
}

function ownedReplicaSets({ replicaSets }: Stores, request: AdmissionRequest): readonly OwnedReplicaSet[] {
  const uid = objectUid(request);
  const named = (): readonly ReplicaSetItem[] => replicaSets.by('controllerName', nameAsOwner(request));
  // Without a uid on one side, which only manifests written by hand lack, the name of the owner decides.
  if (uid === '') return named().map(ownedReplicaSet);
  const owned = [
    ...replicaSets.by('controllerUid', uid),
    ...replicaSets.by('controllerUid', '').filter((one) => named().includes(one)),
  ];
  return owned.map(ownedReplicaSet);
}

/** Empty when the review carries none: the API server always sends one with UPDATE and DELETE. */
export function objectUid({ object, oldObject }: AdmissionRequest): string {
  // What is stored decides: the new object is whatever somebody sent.
  return (asText(at(oldObject, 'metadata', 'uid')) ?? '') || (asText(at(object, 'metadata', 'uid')) ?? '');
}

/** A review of `deployments/scale` is about the Deployment, whatever kind its object has. */
function nameAsOwner({ group, resource, subresource, kind, namespace, name }: AdmissionRequest): string {
  const known = kindOf(group, resource);
  return workloadKey(namespace, subresource === '' || known === undefined ? kind : kinds[known].kind, name);
}

export function ownedReplicaSet(item: ReplicaSetItem): OwnedReplicaSet {
  const { name, uid, createdAt, revision, template, desiredPods, readyPods } = item;
  return { name, uid, createdAt, revision, template, desiredPods, readyPods };
}

/** The selector of a workload as the API takes it in a query, or undefined when there is none to narrow a list with. */
export function selectorOf({ object, oldObject }: AdmissionRequest): string | undefined {
  const described = oldObject ?? object;
  // A Scale carries it in words already.
  const words = asText(at(described, 'status', 'selector'));
  if (words !== undefined) return words === '' ? undefined : words;
  const selector = asObject(at(described, 'spec', 'selector'));
  const terms = selector === undefined ? [] : labelTerms(selector);
  return terms.length === 0 ? undefined : terms.join(',');
}

/** Only equalities: a list that is too wide is filtered by owner afterwards, one that is too narrow would lose objects. */
function labelTerms(selector: JsonObject): readonly string[] {
  const labels = Object.entries(asObject(selector['matchLabels']) ?? {});
  return labels.flatMap(([key, value]) => (typeof value === 'string' ? [`${key}=${value}`] : []));
}
