import { known, type Answers, type FactKey, type Facts } from '../core/facts.ts';
import { asObject, asText, own, type JsonObject } from '../core/json.ts';
import type { AdmissionRequest } from '../core/request.ts';
import type { Gather } from '../core/review.ts';
import { deriveFact, evidentFact, isLookup, lookupsOf } from './facts.ts';
import { anyKind, anyStore, createStores, kindNames, type KindName, type Stores } from './kinds.ts';

export interface OfflineCluster {
  readonly stores: Stores;
  readonly gather: Gather;
  /** How many objects are of a kind that is kept; the others say nothing that a fact needs. */
  readonly kept: number;
}

/**
 * A cluster made of manifests, taken as complete: what is not in it does not exist.
 * Objects of namespaced kinds without a namespace are in `defaultNamespace`, as for kubectl.
 */
export function offlineCluster(objects: readonly JsonObject[], defaultNamespace = 'default'): OfflineCluster {
  const stores = createStores();
  const kept = objects.filter((object) => keep(stores, object, defaultNamespace)).length;
  const gather = (needs: readonly FactKey[], request: AdmissionRequest): Facts =>
    Object.fromEntries(needs.map((key) => [key, known(offlineFact(key, stores, request))])) as unknown as Facts;
  return { stores, gather, kept };
}

const absent: Answers = { namespaceLabels: new Map<string, string>(), ownedReplicaSets: [] };

function offlineFact(key: FactKey, stores: Stores, request: AdmissionRequest): unknown {
  if (isLookup(key)) return lookupsOf(stores)[key];
  return evidentFact(key, request) ?? deriveFact(key, stores, request) ?? absent[key];
}

function keep(stores: Stores, object: JsonObject, defaultNamespace: string): boolean {
  const name = kindNameOf(object);
  if (name === undefined) return false;
  const item = anyKind(name).project(withNamespace(object, anyKind(name).namespaced ? defaultNamespace : ''));
  if (item === undefined) return false;
  anyStore(stores, name).upsert(item);
  return true;
}

function kindNameOf(object: JsonObject): KindName | undefined {
  const apiVersion = asText(own(object, 'apiVersion')) ?? '';
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return kindNames.find((name) => anyKind(name).group === group && anyKind(name).kind === own(object, 'kind'));
}

function withNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = asObject(own(object, 'metadata'));
  if (metadata === undefined || (asText(own(metadata, 'namespace')) ?? '') !== '') return object;
  return { ...object, metadata: { ...metadata, namespace } };
}
