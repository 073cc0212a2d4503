import type { JsonObject } from './json.ts';

/** Something a policy asks about the cluster: known with its age, or unknown with the reason. Never a guess. */
export type Fact<T> =
  { readonly known: true; readonly value: T; readonly ageSeconds: number } | { readonly known: false; readonly why: string };

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

/** Every fact a policy may declare, with its shape. */
export interface FactCatalogue {
  readonly namespaceLabels: ReadonlyMap<string, string>;
  readonly ownedReplicaSets: readonly OwnedReplicaSet[];
}

export type FactKey = keyof FactCatalogue;
export type Facts<K extends FactKey = FactKey> = { readonly [P in K]: Fact<FactCatalogue[P]> };

export interface ApiResource {
  readonly group: string;
  readonly resource: string;
}

/** What is read to know a fact; the ClusterRole and the list of watches are generated from it. */
export const factSources: Readonly<Record<FactKey, readonly ApiResource[]>> = {
  namespaceLabels: [{ group: '', resource: 'namespaces' }],
  ownedReplicaSets: [{ group: 'apps', resource: 'replicasets' }],
};

/** A fact in the words of a message. */
export const factNames: Readonly<Record<FactKey, string>> = {
  namespaceLabels: 'the labels of the namespace',
  ownedReplicaSets: 'its ReplicaSets',
};

export const factKeys = Object.keys(factSources) as readonly FactKey[];

export function known<T>(value: T, ageSeconds = 0): Fact<T> {
  return { known: true, value, ageSeconds };
}

export function unknown(why: string): { readonly known: false; readonly why: string } {
  return { known: false, why };
}
