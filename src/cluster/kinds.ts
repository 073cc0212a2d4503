import { serviceKey, workloadKey } from '../core/keys.ts';
import type { Controller, Identity, Labels } from '../core/objects.ts';
import { destinationRule } from '../kubernetes/routes/destination-rule.ts';
import { virtualServiceRoute } from '../kubernetes/routes/istio.ts';
import { projectNamespace } from './items/namespaces.ts';
import { projectPod } from './items/pods.ts';
import { handedTo, heldHosts, routedServices, routedSubsets, ruledService } from './items/routes.ts';
import { projectEndpointSlice, projectService, serviceNameLabel } from './items/services.ts';
import {
  projectAutoscaler,
  projectCanary,
  projectDeployment,
  projectReplicaSet,
  projectRollout,
  type ReplicaSetItem,
} from './items/workloads.ts';
import {
  everywhere,
  inNamespace,
  namespaceBefore,
  withLabels,
  type AnyKind,
  type Kind,
  type LabelledKind,
  type Scope,
} from './kind.ts';
import { createStore, type LabelStore, type Store } from './store.ts';

function kind<T extends Identity, I extends string = never>(spec: Kind<T, I>): Kind<T, I> {
  return spec;
}

function labelled<T extends Identity, I extends string = never>(spec: LabelledKind<T, I>): LabelledKind<T, I> {
  return spec;
}

interface Targeting extends Identity {
  readonly target: Pick<Controller, 'kind' | 'name'>;
}

const targetKey = ({ namespace, target }: Targeting): string => workloadKey(namespace, target.kind, target.name);
const controllerKey = ({ namespace, controller }: ReplicaSetItem): string | undefined =>
  controller === undefined ? undefined : workloadKey(namespace, controller.kind, controller.name);

/** The list of the EndpointSlices of one Service. */
function slicesOf(service: string): Scope | undefined {
  const slash = service.indexOf('/');
  return withLabels(service.slice(0, Math.max(0, slash)), new Map([[serviceNameLabel, service.slice(slash + 1)]]));
}

const core = { group: '', versions: ['v1'], namespaced: true, optional: false, indexes: {} };
const apps = { ...core, group: 'apps' };
const istio = { group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'], namespaced: true, optional: true };
const inTemplate = { of: ({ podLabels }: { readonly podLabels: Labels }) => podLabels, listed: inNamespace, dear: true };

/** The names are those of the lookups in `core/facts.ts`. */
export const kinds = {
  namespaces: kind({ ...core, kind: 'Namespace', resource: 'namespaces', namespaced: false, project: projectNamespace }),
  services: kind({ ...core, kind: 'Service', resource: 'services', project: projectService }),
  endpointSlices: kind({
    ...core,
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
    indexes: {
      service: {
        of: ({ namespace, service }) => (service === '' ? undefined : serviceKey(namespace, service)),
        listed: slicesOf,
        dear: false,
      },
    },
    project: projectEndpointSlice,
  }),
  pods: labelled({
    ...core,
    kind: 'Pod',
    resource: 'pods',
    labels: { of: ({ labels }) => labels, listed: withLabels, dear: false },
    project: projectPod,
  }),
  replicaSets: kind({
    ...apps,
    kind: 'ReplicaSet',
    resource: 'replicasets',
    indexes: {
      controllerUid: { of: ({ controller }) => controller?.uid, listed: everywhere, dear: true },
      controllerName: { of: controllerKey, listed: namespaceBefore('/'), dear: true },
    },
    project: projectReplicaSet,
  }),
  deployments: labelled({
    ...apps,
    kind: 'Deployment',
    resource: 'deployments',
    labels: inTemplate,
    project: projectDeployment,
  }),
  rollouts: labelled({
    ...core,
    group: 'argoproj.io',
    versions: ['v1alpha1'],
    optional: true,
    kind: 'Rollout',
    resource: 'rollouts',
    labels: inTemplate,
    project: projectRollout,
  }),
  autoscalers: kind({
    ...core,
    group: 'autoscaling',
    versions: ['v2'],
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    indexes: { target: { of: targetKey, listed: namespaceBefore('/'), dear: false } },
    project: projectAutoscaler,
  }),
  canaries: kind({
    ...core,
    group: 'flagger.app',
    versions: ['v1beta1'],
    optional: true,
    kind: 'Canary',
    resource: 'canaries',
    indexes: { target: { of: targetKey, listed: namespaceBefore('/'), dear: true } },
    project: projectCanary,
  }),
  destinationRules: kind({
    ...istio,
    kind: 'DestinationRule',
    resource: 'destinationrules',
    indexes: { service: { of: ruledService, listed: namespaceBefore(' '), dear: false } },
    project: destinationRule,
  }),
  virtualServices: kind({
    ...istio,
    kind: 'VirtualService',
    resource: 'virtualservices',
    indexes: {
      host: { of: heldHosts, listed: everywhere, dear: true },
      destination: { of: routedServices, listed: everywhere, dear: true },
      subset: { of: routedSubsets, listed: everywhere, dear: true },
      delegate: { of: handedTo, listed: everywhere, dear: true },
    },
    project: virtualServiceRoute,
  }),
};

export type KindName = keyof typeof kinds;

export type Stores = {
  readonly [K in KindName]: (typeof kinds)[K] extends LabelledKind<infer T, infer I>
    ? LabelStore<T, I>
    : (typeof kinds)[K] extends Kind<infer T, infer I>
      ? Store<T, I>
      : never;
};

export const kindNames = Object.keys(kinds) as readonly KindName[];

/** A kind as code that handles all of them alike sees it; the table and the stores keep each item with its own kind. */
export function anyKind(name: KindName): AnyKind {
  return kinds[name] as unknown as AnyKind;
}

export function anyStore(stores: Stores, name: KindName): LabelStore<Identity, string> {
  return stores[name] as unknown as LabelStore<Identity, string>;
}

export function createStores(): Stores {
  return Object.fromEntries(kindNames.map((name) => [name, createStore(anyKind(name))])) as unknown as Stores;
}

export function kindOf(group: string, resource: string): KindName | undefined {
  return kindNames.find((name) => kinds[name].group === group && kinds[name].resource === resource);
}
