import { factSources, type FactKey } from '../core/facts.ts';
import type { JsonObject } from '../core/json.ts';
import {
  projectDeployment,
  projectNamespace,
  projectPod,
  projectReplicaSet,
  type Identity,
  type ReplicaSetItem,
} from './items.ts';
import { createStore, type Indexes, type Store } from './store.ts';

/** A watched kind: where the API server has it, what is kept of it, and how it is found. */
export interface Kind<T extends Identity, I extends string = never> {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  /** The first one that the API server serves is used. */
  readonly versions: readonly string[];
  readonly resource: string;
  readonly namespaced: boolean;
  /** Its definition may be missing from a healthy cluster; a 404 for any other kind is an error. */
  readonly optional: boolean;
  readonly indexes: Indexes<T, I>;
  /** Total: whatever the JSON, an item or undefined, never a throw. */
  readonly project: (raw: JsonObject) => T | undefined;
}

function kind<T extends Identity, I extends string = never>(spec: Kind<T, I>): Kind<T, I> {
  return spec;
}

/** The key of an owner that has no uid: a manifest written by hand. */
export function ownerKey(namespace: string, ownerKind: string, name: string): string {
  return `${namespace}/${ownerKind}/${name}`;
}

const controllerName = ({ namespace, controller }: ReplicaSetItem): string | undefined =>
  controller === undefined ? undefined : ownerKey(namespace, controller.kind, controller.name);

const apps = { group: 'apps', versions: ['v1'], namespaced: true, optional: false };
const core = { group: '', versions: ['v1'], optional: false };

export const kinds = {
  namespaces: kind({
    ...core,
    kind: 'Namespace',
    resource: 'namespaces',
    namespaced: false,
    indexes: {},
    project: projectNamespace,
  }),
  deployments: kind({ ...apps, kind: 'Deployment', resource: 'deployments', indexes: {}, project: projectDeployment }),
  replicaSets: kind({
    ...apps,
    kind: 'ReplicaSet',
    resource: 'replicasets',
    indexes: { controllerUid: ({ controller }) => controller?.uid, controllerName },
    project: projectReplicaSet,
  }),
  pods: kind({
    ...core,
    kind: 'Pod',
    resource: 'pods',
    namespaced: true,
    indexes: { ownerUid: ({ ownerUid }) => ownerUid },
    project: projectPod,
  }),
};

export type KindName = keyof typeof kinds;

/** Any kind, for code that handles all of them alike. */
export type AnyKind = Kind<Identity, string>;

export type Stores = {
  readonly [K in KindName]: (typeof kinds)[K] extends Kind<infer T, infer I> ? Store<T, I> : never;
};

export const kindNames = Object.keys(kinds) as readonly KindName[];

/** A kind as code that handles all of them alike sees it; the table and the stores keep each item with its own kind. */
export function anyKind(name: KindName): AnyKind {
  return kinds[name] as unknown as AnyKind;
}

export function anyStore(stores: Stores, name: KindName): Store<Identity, string> {
  return stores[name] as unknown as Store<Identity, string>;
}

export function createStores(): Stores {
  return Object.fromEntries(kindNames.map((name) => [name, createStore(anyKind(name).indexes)])) as unknown as Stores;
}

export function kindOf(group: string, resource: string): KindName | undefined {
  return kindNames.find((name) => kinds[name].group === group && kinds[name].resource === resource);
}

/** The kinds that must be watched to know these facts. */
export function kindsFor(needs: readonly FactKey[]): readonly KindName[] {
  const sources = needs.flatMap((need) => factSources[need]);
  return kindNames.filter((name) => sources.some(({ group, resource }) => kindOf(group, resource) === name));
}
