import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../controlplane/eventually.ts';
import type { Installation, InstallationOptions } from '../controlplane/installation.ts';
import type { ToolResult, ToolRun } from '../controlplane/kubectl.ts';
import { startPlane, type Plane, type PlaneOptions } from '../controlplane/plane.ts';
import { installWebhook } from '../controlplane/installation.ts';
import { namespace } from './cluster.ts';

/** Seconds; a minute by default, which nobody waits for in a test. Not so few that a busy machine makes pods warm by being slow. */
export const warmSeconds = 6;

/** Pods with it are not ready, and get ready when it goes. */
const unready = 'rollback-bouncer.dev/turn-unready';

export type Subset = 'v1-stable' | 'v1-rollback';

/** Any object of a demo manifest: loosely typed on purpose, tests change what they like. */
export interface Loose {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  spec: {
    replicas?: number;
    host?: string;
    hosts?: string[];
    http?: { route: { destination: { host: string; subset: string }; weight: number }[] }[];
    subsets?: { name: string; labels: Record<string, string> }[];
    template?: { metadata: { annotations?: Record<string, string> } };
  };
}

export function demo(file: string): Loose[] {
  const text = readFileSync(join(import.meta.dirname, '../../demo', file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Loose);
}

/** The story's route with these weights, under a name and a host of its own where one is given. */
export function route(stable: number, rollback: number, { name = 'checkout-api-vs', version = 'v1beta1' } = {}): Loose {
  const [object] = demo('route.yaml') as [Loose];
  object.apiVersion = `networking.istio.io/${version}`;
  object.metadata.name = name;
  if (name !== 'checkout-api-vs') object.spec.hosts = [`${name}.internal`];
  const [first, second] = object.spec.http![0]!.route;
  first!.weight = stable;
  second!.weight = rollback;
  return object;
}

export function destinationRule(...subsets: readonly (readonly [name: string, version: string])[]): Loose {
  const object = demo('mesh.yaml').find(({ kind }) => kind === 'DestinationRule')!;
  object.spec.subsets = subsets.map(([name, version]) => ({ name, labels: { version } }));
  return object;
}

/** What a mesh's chart brings along: people who may edit a namespace may edit its routes. */
const routesForEditors = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'edit-routes', labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
  rules: [{ apiGroups: ['networking.istio.io'], resources: ['*'], verbs: ['*'] }],
};

export interface Mesh {
  readonly plane: Plane;
  readonly installation: Installation;
  /** As the developer, in the story's namespace; whether it fails is for the test to say. */
  readonly kubectl: (args: readonly string[], input?: unknown, run?: ToolRun) => Promise<ToolResult>;
  /** `kubectl apply` of objects. */
  readonly apply: (...objects: readonly object[]) => Promise<ToolResult>;
  /** Percent of v1-stable and v1-rollback as they are stored; undefined when there is no such route. */
  readonly weights: (name?: string) => Promise<readonly number[] | undefined>;
  /** So many pods of a subset are ready afterwards, and the webhook has heard of it. */
  readonly ready: (subset: Subset, pods: number) => Promise<void>;
  /** Deployment to so many pods, all of them there; new ones are not ready. */
  readonly scale: (deployment: string, pods: number) => Promise<void>;
  readonly warm: () => Promise<void>;
  /** Marks the stable ones as the last known good. */
  readonly mark: () => Promise<unknown>;
}

export const lastKnownGood = 'rollback-bouncer.dev/last-known-good';

export interface MeshOptions extends PlaneOptions, InstallationOptions {
  /** Of the policy, besides `warmSeconds`. */
  readonly settings?: string;
  /** Another plane for the webhook alone: what is between it and the API server. */
  readonly seenBy?: (plane: Plane) => Promise<Plane>;
}

/** A plane with Istio's kinds, the webhook, and the story's objects but for the route: 8 stable pods warm, 4 rolled back ones not ready. */
export async function startMesh({ settings = 'dwellSeconds: 0', seenBy, ...options }: MeshOptions = {}): Promise<Mesh> {
  const plane = await startPlane({ crds: ['istio'], ...options });
  t.teardown(() => plane.stop());
  await plane.createNamespace(namespace);
  await plane.apply(routesForEditors);
  const config = join(t.testdir(), 'config.yaml');
  const policy = `policies: { weight-jump: { warmSeconds: ${warmSeconds}, ${settings} } }`;
  writeFileSync(config, `apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\n${policy}\n`);
  const installation = await installWebhook((await seenBy?.(plane)) ?? plane, { config, ...options });
  t.teardown(() => installation.stop());
  const mesh = meshOn(plane, installation);
  await plane.apply([...demo('mesh.yaml'), notReady(demo('checkout-api.yaml')[0]!)]);
  await mesh.ready('v1-stable', 8);
  await mesh.ready('v1-rollback', 0);
  await eventually(async () => (await mesh.kubectl(['auth', 'can-i', 'patch', 'virtualservices'])).code === 0, {
    what: 'the right to edit routes',
  });
  await mesh.warm();
  return mesh;
}

export function notReady(deployment: Loose): Loose {
  deployment.spec.template!.metadata.annotations = { [unready]: 'true' };
  return deployment;
}

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

export const deploymentOf = (subset: Subset): string => (subset === 'v1-stable' ? 'checkout-api-stable' : 'checkout-api');

function meshOn(plane: Plane, installation: Installation): Mesh {
  const kubectl: Mesh['kubectl'] = (args, input, run) =>
    plane.kubectl(args, {
      namespace,
      user: 'developer',
      expectFailure: 'either',
      ...(input !== undefined && { input: typeof input === 'string' ? input : JSON.stringify(input) }),
      ...run,
    });
  // kubectl takes its time to start, and these are asked again and again.
  const list = async <T>(path: string, selector: string): Promise<readonly T[]> => {
    const { body } = await plane.api(`${path}?labelSelector=${encodeURIComponent(selector)}`);
    return (body as { readonly items: readonly T[] }).items;
  };
  const pods = async (subset: Subset): Promise<readonly Pod[]> => {
    const found = await list<Pod>(`/api/v1/namespaces/${namespace}/pods`, `version=${subset}`);
    return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  const weights: Mesh['weights'] = async (name = 'checkout-api-vs') => {
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${name}`;
    const { status, body } = await plane.api(path, { expectFailure: 'either' });
    return status === 200 ? (body as Loose).spec.http![0]!.route.map(({ weight }) => weight) : undefined;
  };
  const endpoints = async (): Promise<number> => {
    const slices = await list<{ endpoints: { conditions: { ready: boolean } }[] | null }>(
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      'kubernetes.io/service-name=checkout-api-svc',
    );
    return slices.flatMap((slice) => slice.endpoints ?? []).filter(({ conditions }) => conditions.ready).length;
  };
  return {
    plane,
    installation,
    kubectl,
    apply: (...objects) => kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: objects }),
    weights,
    ready: async (subset, wanted) => {
      const { spec } = await plane.get<Loose>('deployment', deploymentOf(subset), namespace);
      const there = await eventually(
        async () => {
          const found = await pods(subset);
          return found.length === spec.replicas ? found : undefined;
        },
        { what: `the pods of ${subset}` },
      );
      const names = there.map(({ metadata }) => metadata.name);
      const annotate = (some: readonly string[], value: string): Promise<unknown> =>
        some.length === 0
          ? Promise.resolve()
          : plane.kubectl(['annotate', '--overwrite', 'pods', ...some, `${unready}=${value}`], { namespace });
      await Promise.all([annotate(names.slice(0, wanted), 'false'), annotate(names.slice(wanted), 'true')]);
      await eventually(
        async () => {
          const all = [...(await pods('v1-stable')), ...(await pods('v1-rollback'))].filter(isReady).length;
          return (await pods(subset)).filter(isReady).length === wanted && (await endpoints()) === all;
        },
        { what: `${wanted} ready pods of ${subset}` },
      );
      // What a live read said is believed for a second.
      await sleep(1000);
    },
    scale: async (deployment, count) => {
      await plane.kubectl(['scale', `deployment/${deployment}`, `--replicas=${count}`], { namespace });
      const subset = deployment === 'checkout-api' ? 'v1-rollback' : 'v1-stable';
      await eventually(async () => (await pods(subset)).length === count, { what: `${count} pods of ${deployment}` });
    },
    warm: () => sleep(warmSeconds * 1000 + 1100),
    mark: () => {
      const until = `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)}Z`;
      const mark = `${lastKnownGood}=until=${until}; reason=carried all of November`;
      return kubectl(['annotate', 'deployment/checkout-api-stable', mark], undefined, { expectFailure: false });
    },
  };
}
