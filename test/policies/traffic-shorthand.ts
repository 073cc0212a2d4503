import { asObject, asText, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { shorthand, type Texts } from './objects.ts';

export interface ServiceShorthand {
  readonly name: string;
  readonly namespace?: string;
  /** Left out: its endpoints are written by somebody else, and there are `addresses` of them. */
  readonly selector?: Texts;
  readonly addresses?: number;
  readonly publishNotReady?: boolean;
  /** The name outside that it stands for. */
  readonly external?: string;
  /** A second slice repeats every pod under an IPv6 address. */
  readonly dualStack?: boolean;
}

const serviceKeys = ['name', 'namespace', 'selector', 'addresses', 'publishNotReady', 'external', 'dualStack'] as const;

/** A Service, and the EndpointSlices that the controllers would have made of these pods. */
export function serviceManifests(value: Json, pods: readonly JsonObject[]): readonly JsonObject[] {
  const given = shorthand<ServiceShorthand>(value, 'service', serviceKeys);
  const { name, namespace = 'shop', selector = {}, external, dualStack = false } = given;
  const publishNotReadyAddresses = given.publishNotReady ?? false;
  const spec = { ...(given.selector !== undefined && { selector }), ports: [{ name: 'http', port: 8080 }] };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, uid: `uid-Service-${namespace}-${name}` },
    spec:
      external === undefined
        ? { ...spec, type: 'ClusterIP', publishNotReadyAddresses }
        : { type: 'ExternalName', externalName: external },
  };
  if (external !== undefined) return [service];
  const endpoints =
    given.selector === undefined
      ? Array.from({ length: given.addresses ?? 0 }, (_, index) => ({ addresses: [`192.0.2.${index}`] }))
      : pods.filter((pod) => belongs(pod, namespace, selector)).map((pod) => endpoint(pod, publishNotReadyAddresses));
  const slice = (addressType: string, written: readonly JsonObject[]): JsonObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${addressType.toLowerCase()}`,
      namespace,
      uid: `uid-EndpointSlice-${namespace}-${name}-${addressType}`,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType,
    endpoints: written,
    ports: [{ name: 'http', port: 8080 }],
  });
  const second = endpoints.map((one, index) => ({ ...one, addresses: [`2001:db8::${index.toString(16)}`] }));
  return [service, slice('IPv4', endpoints), ...(dualStack ? [slice('IPv6', second)] : [])];
}

function belongs(pod: JsonObject, namespace: string, selector: Texts): boolean {
  const labels = at(pod, 'metadata', 'labels');
  const entries = Object.entries(selector);
  return at(pod, 'metadata', 'namespace') === namespace && entries.every(([key, value]) => at(labels, key) === value);
}

function endpoint(pod: JsonObject, publishNotReady: boolean): JsonObject {
  const terminating = at(pod, 'metadata', 'deletionTimestamp') !== undefined;
  const serving = at(pod, 'status', 'conditions', 0, 'status') === 'True';
  const { name, namespace, uid } = asObject(pod['metadata'])!;
  return {
    addresses: [at(pod, 'status', 'podIP')!],
    conditions: { ready: publishNotReady || (serving && !terminating), serving, terminating },
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

/** `{ v1: { version: v1 } }` is the DestinationRule of a Service with such subsets. */
export function ruleManifest(host: string, subsets: Json, namespace = 'shop'): JsonObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: {
      name: host,
      namespace,
      uid: `uid-DestinationRule-${namespace}-${host}`,
      creationTimestamp: '2026-11-01T00:00:00Z',
    },
    spec: { host, subsets: Object.entries(asObject(subsets) ?? {}).map(([name, labels]) => ({ name, labels })) },
  };
}

/** A VirtualService without what it sends where. */
export interface RouteShorthand {
  readonly name?: string;
  readonly namespace?: string;
  readonly apiVersion?: string;
  /** None at all in a delegate. */
  readonly hosts?: readonly string[];
  readonly gateways?: readonly string[];
  readonly exportTo?: readonly string[];
  readonly metadata?: JsonObject;
  /** Where the keys of the weights are subsets, the host they belong to; null where they are hosts themselves. */
  readonly host?: string | null;
}

export const routeKeys = ['name', 'namespace', 'apiVersion', 'hosts', 'gateways', 'exportTo', 'metadata', 'host'] as const;

/** What it sends where: `{ v1: 100, v2: 0 }` in its only rule, null for a weight left out; or its own `http`, `tls`, `tcp`. */
export function routeManifest(route: RouteShorthand, sends: Json): JsonObject {
  const { name = 'checkout', namespace = 'shop', apiVersion = 'networking.istio.io/v1', metadata = {} } = route;
  const { hosts = ['checkout.example'], gateways, exportTo } = route;
  return {
    apiVersion,
    kind: 'VirtualService',
    metadata: {
      name,
      namespace,
      uid: `uid-VirtualService-${namespace}-${name}`,
      creationTimestamp: '2026-11-01T00:00:00Z',
      ...metadata,
    },
    spec: {
      ...(hosts.length > 0 && { hosts }),
      ...(gateways !== undefined && { gateways }),
      ...(exportTo !== undefined && { exportTo }),
      ...rulesOf(sends, route.host === undefined ? 'checkout' : route.host),
    },
  };
}

function rulesOf(sends: Json, host: string | null): JsonObject {
  const given = asObject(sends) ?? {};
  if ('paths' in given) return manyPaths(given, host ?? '');
  if (['http', 'tls', 'tcp'].some((protocol) => protocol in given)) return given;
  const entries = Object.entries(given).map(([key, weight]) => ({
    destination: host === null ? { host: key } : { host, subset: key },
    ...(weight !== null && { weight }),
  }));
  return { http: [{ route: entries }] };
}

/** `{ paths: 500, subset: v1, backwards: true }`: as many rules, each for a path of its own. */
function manyPaths({ paths, subset, backwards }: JsonObject, host: string): JsonObject {
  const rules = Array.from({ length: Number(paths) }, (_, index) => ({
    match: [{ uri: { prefix: `/${index}-` } }],
    route: [{ destination: { host, subset: subset ?? '' } }],
  }));
  return { http: backwards === true ? rules.toReversed() : rules };
}

/** What `was` stored and what it `becomes`: without the one a CREATE, without the other a DELETE. */
export interface Change {
  readonly oldObject: JsonObject | undefined;
  readonly object: JsonObject | undefined;
}

interface RouteChange extends RouteShorthand {
  readonly was?: Json;
  readonly becomes?: Json;
  /** Metadata of the new object only. */
  readonly newMetadata?: JsonObject;
}

export function routeChange(value: Json): Change {
  const given = shorthand<RouteChange>(value, 'route', [...routeKeys, 'was', 'becomes', 'newMetadata']);
  const { was, becomes, newMetadata, ...route } = given;
  return {
    oldObject: was === undefined ? undefined : routeManifest(route, was),
    object:
      becomes === undefined ? undefined : routeManifest({ ...route, metadata: { ...route.metadata, ...newMetadata } }, becomes),
  };
}

interface RuleChange {
  readonly host?: string;
  readonly namespace?: string;
  readonly was?: Json;
  readonly becomes?: Json;
}

export function ruleChange(value: Json): Change {
  const { was, becomes, host, namespace } = shorthand<RuleChange>(value, 'subsets', ['host', 'namespace', 'was', 'becomes']);
  const manifest = (subsets: Json | undefined): JsonObject | undefined =>
    subsets === undefined ? undefined : ruleManifest(host ?? 'checkout', subsets, namespace);
  return { oldObject: manifest(was), object: manifest(becomes) };
}

interface StandingRoute extends RouteShorthand {
  readonly sends: Json;
}

export function standingRoute(value: Json): JsonObject {
  const { sends, ...route } = shorthand<StandingRoute>(value, 'route', [...routeKeys, 'sends']);
  return routeManifest(route, sends);
}

/** The namespaces that these objects are in. */
export function namespacesOf(objects: readonly JsonObject[]): ReadonlySet<string> {
  return new Set(objects.flatMap((object) => asText(at(object, 'metadata', 'namespace')) ?? []));
}

export function namespaceManifest(name: string, labels: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: `uid-Namespace-${name}`, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  };
}
