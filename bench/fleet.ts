import type { Api } from '../test/controlplane/api.ts';
import { createPods } from '../test/controlplane/pods.ts';

/** Pods of one version of an application, with its Deployment and ReplicaSet. */
export interface Version {
  readonly name: string;
  readonly pods: number;
  /** Default: true. */
  readonly ready?: boolean;
  /** What EndpointSlices say, where they are to differ from the pods. */
  readonly listedReady?: boolean;
}

/** A Service with all that stands behind it. */
export interface Application {
  readonly namespace: string;
  readonly service: string;
  readonly versions: readonly Version[];
  /** A DestinationRule with a subset for each version. */
  readonly subsets?: boolean;
  /** Ready for an hour already, where they are ready. */
  readonly warm?: boolean;
}

const workers = 16;
/** As many as the controller of Kubernetes puts into one. */
const endpointsPerSlice = 100;

export function ruleName(service: string): string {
  return `${service}-dr`;
}

/**
 * Writes an application as the controllers would leave it. They do not run: what they write one by one would take minutes, and they would
 * share the cores with what is measured.
 */
export async function createApplication(api: Api, application: Application): Promise<void> {
  const { namespace, service, versions } = application;
  const port = { name: 'http', port: 8080, protocol: 'TCP' };
  const spec = { selector: { app: service }, ports: [port] };
  await post(api, `/api/v1/namespaces/${namespace}/services`, { metadata: { name: service, labels: { app: service } }, spec });
  const endpoints: object[] = [];
  await inParallel(versions, async (version) => {
    for (const name of await createVersion(api, application, version))
      endpoints.push(endpointOf(name, namespace, version.listedReady ?? version.ready ?? true));
  });
  for (let from = 0; from < endpoints.length; from += endpointsPerSlice) {
    const some = endpoints.slice(from, from + endpointsPerSlice);
    await post(api, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      metadata: { name: `${service}-${from}`, labels: { 'kubernetes.io/service-name': service, app: service } },
      addressType: 'IPv4',
      ports: [port],
      endpoints: some,
    });
  }
  if (application.subsets ?? true)
    await post(
      api,
      `${istio(namespace)}/destinationrules`,
      ruleOf(
        service,
        versions.map(({ name }) => [name, { version: name }]),
      ),
    );
}

/** What the body of a DestinationRule is. */
export function ruleOf(service: string, subsets: readonly (readonly [string, object])[]): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: ruleName(service) },
    spec: { host: service, subsets: subsets.map(([name, labels]) => ({ name, labels })) },
  };
}

/** The folder of Istio's routes in the API. */
export function istio(namespace: string): string {
  return `/apis/networking.istio.io/v1/namespaces/${namespace}`;
}

export function post(api: Api, path: string, body: object): Promise<unknown> {
  return api(path, { method: 'POST', body }).then((answer) => answer.body);
}

/** Works on all items, some at a time. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
}

async function createVersion(api: Api, { namespace, service, warm }: Application, version: Version): Promise<readonly string[]> {
  const { name, pods, ready = true } = version;
  const labels = { app: service, version: name };
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const container = { name: 'app', image: `registry.example/${service}:${name}` };
  const spec = {
    replicas: pods,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  };
  const owner = await owned(api, `${apps}/deployments`, { metadata: { name: `${service}-${name}`, labels }, spec }, 'Deployment');
  const hashed = { ...labels, 'pod-template-hash': 'bench' };
  const setSpec = { ...spec, selector: { matchLabels: hashed }, template: { ...spec.template, metadata: { labels: hashed } } };
  const setMetadata = { name: `${service}-${name}-bench`, labels: hashed, ownerReferences: [owner] };
  const set = await owned(api, `${apps}/replicasets`, { metadata: setMetadata, spec: setSpec }, 'ReplicaSet');
  const created = await createPods(api, {
    namespace,
    count: pods,
    prefix: `${service}-${name}-bench`,
    nodeName: 'kwok-0',
    labels: hashed,
    ownerReferences: [set],
    ready,
  });
  if (ready && warm === true) await inParallel(created, (pod) => warmUp(api, namespace, pod));
  return created;
}

async function owned(api: Api, path: string, body: object, kind: string): Promise<object> {
  const { metadata } = (await post(api, path, body)) as { readonly metadata: { readonly name: string; readonly uid: string } };
  return { apiVersion: 'apps/v1', kind, name: metadata.name, uid: metadata.uid, controller: true };
}

/** A pod that has been ready for an hour. */
async function warmUp(api: Api, namespace: string, pod: string): Promise<void> {
  const since = anHourAgo();
  const conditions = ['Initialized', 'Ready', 'ContainersReady'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: since,
  }));
  const container = { name: 'app', image: 'app', imageID: '', ready: true, started: true, restartCount: 0 };
  const status = { conditions, containerStatuses: [{ ...container, state: { running: { startedAt: since } } }] };
  await api(`/api/v1/namespaces/${namespace}/pods/${pod}/status`, { method: 'PATCH', body: { status } });
}

/** As the API server writes times. */
export function anHourAgo(): string {
  return new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

function endpointOf(pod: string, namespace: string, ready: boolean): object {
  const index = Number(pod.slice(pod.lastIndexOf('-') + 1));
  return {
    addresses: [`198.19.${Math.floor(index / 250) % 256}.${(index % 250) + 1}`],
    conditions: { ready, serving: ready, terminating: false },
    nodeName: 'kwok-0',
    targetRef: { kind: 'Pod', namespace, name: pod },
  };
}
