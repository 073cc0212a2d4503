import type { Api } from './api.ts';
import type { Route, ServiceProxy } from './service-proxy.ts';

/** One process behind a Service. */
export interface Replica {
  readonly name: string;
  /** The port on loopback it listens on, or `blackhole`: connections are accepted and never answered. */
  readonly port: Route;
  /** Default: true. */
  readonly ready?: boolean;
  /** A documentation address (RFC 5737); chosen when left out. */
  readonly address?: string;
}

/** How the API server finds local processes behind Services that have no selector. */
export interface Endpoints {
  /** Lead `192.0.2.1:8443` to a port on loopback, or forget it (connections break, new ones get 502). */
  route(address: string, route: Route | undefined): void;
  /** Create a Service without selector: port 443 to 8443. It may exist. */
  createService(namespace: string, service: string): Promise<void>;
  /** Make these replicas the only ones behind a Service: one EndpointSlice each, and the routes to them. */
  write(namespace: string, service: string, replicas: readonly Replica[]): Promise<void>;
  /** Flip one replica; connections that are open stay, as in a real cluster. */
  setReady(namespace: string, service: string, replica: string, ready: boolean): Promise<void>;
  /** Break the open connections to a replica; the route stays. Returns how many there were. */
  cut(namespace: string, service: string, replica: string): number;
  /** Addresses that the API server dialled and nobody had routed. */
  refused(): readonly string[];
}

const targetPort = 8443;
const slicesPath = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

/** Endpoints that go through the proxy of a plane. */
export function makeEndpoints(api: Api, proxy: ServiceProxy): Endpoints {
  const addresses = new Map<string, string>();
  const key = (namespace: string, service: string, replica: string) => `${namespace}/${service}/${replica}`;
  const addressOf = (id: string, wanted?: string): string => {
    const address = wanted ?? addresses.get(id) ?? `192.0.2.${addresses.size + 1}`;
    addresses.set(id, address);
    return address;
  };
  const route = (address: string, target: Route | undefined) =>
    target === undefined ? proxy.delete(address) : proxy.set(address, target);
  return {
    route,
    createService: (namespace, service) => createService(api, namespace, service),
    write: async (namespace, service, replicas) => {
      const port = await servicePort(api, namespace, service);
      const wanted = replicas.map((replica) => ({
        ...replica,
        address: addressOf(key(namespace, service, replica.name), replica.address),
      }));
      for (const { address, port: target } of wanted) route(`${address}:${targetPort}`, target);
      await Promise.all(
        wanted.map(({ name, address, ready = true }) =>
          writeSlice(api, namespace, endpointSlice(service, name, address, port, ready)),
        ),
      );
      const keep = new Set(replicas.map(({ name }) => `${service}-${name}`));
      const gone = await deleteOthers(api, namespace, service, keep);
      for (const address of gone) route(`${address}:${targetPort}`, undefined);
    },
    setReady: async (namespace, service, replica, ready) => {
      const address = addressOf(key(namespace, service, replica));
      const body = { endpoints: [endpoint(address, ready)] };
      await api(`${slicesPath(namespace)}/${service}-${replica}`, { method: 'PATCH', body });
    },
    cut: (namespace, service, replica) => proxy.cut(`${addressOf(key(namespace, service, replica))}:${targetPort}`),
    refused: () => proxy.refused,
  };
}

async function createService(api: Api, namespace: string, name: string): Promise<void> {
  const ports = [{ name: 'https', port: 443, targetPort, protocol: 'TCP' }];
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports } };
  const { status, text } = await api(`/api/v1/namespaces/${namespace}/services`, {
    method: 'POST',
    body,
    expectFailure: 'either',
  });
  if (status >= 400 && status !== 409) throw new Error(`Service ${namespace}/${name}: status ${status}: ${text}`);
}

/** The API server matches the ports of a Service and of its slices by name. */
async function servicePort(api: Api, namespace: string, service: string): Promise<string> {
  const { body } = await api(`/api/v1/namespaces/${namespace}/services/${service}`);
  const { ports = [], selector } = (body as { spec: { ports?: { name?: string; port: number }[]; selector?: object } }).spec;
  if (selector)
    throw new Error(`Service ${namespace}/${service} has a selector: the endpointslice controller would write slices too`);
  return (ports.find(({ port }) => port === 443) ?? ports[0])?.name ?? '';
}

function endpoint(address: string, ready: boolean): object {
  return { addresses: [address], conditions: { ready, serving: ready, terminating: false } };
}

function endpointSlice(service: string, replica: string, address: string, portName: string, ready: boolean) {
  const labels = { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': 'test-controlplane' };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-${replica}`, labels },
    addressType: 'IPv4',
    ports: [{ name: portName, port: targetPort, protocol: 'TCP' }],
    endpoints: [endpoint(address, ready)],
  };
}

async function writeSlice(api: Api, namespace: string, slice: ReturnType<typeof endpointSlice>): Promise<void> {
  const path = `${slicesPath(namespace)}/${slice.metadata.name}?fieldManager=test-controlplane&force=true`;
  await api(path, { method: 'PATCH', body: slice, contentType: 'application/apply-patch+yaml' });
}

interface SliceList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly endpoints: { readonly addresses: string[] }[];
  }[];
}

/** Delete the slices of replicas that are gone; resolves to their addresses. */
async function deleteOthers(api: Api, namespace: string, service: string, keep: ReadonlySet<string>): Promise<string[]> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const { items } = (await api(`${slicesPath(namespace)}?labelSelector=${selector}`)).body as SliceList;
  const others = items.filter(({ metadata }) => !keep.has(metadata.name));
  for (const { metadata } of others)
    await api(`${slicesPath(namespace)}/${metadata.name}`, { method: 'DELETE', expectFailure: 'either' });
  return others.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
}
