/** What is kept of the objects that traffic depends on: the shapes behind the lookups of the fact catalogue. Nothing here is checked by anybody but the projection that made it. */

export interface Named {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface Identity extends Named {
  /** Empty only in manifests written by hand. */
  readonly uid: string;
}

export type Labels = ReadonlyMap<string, string>;

export interface Controller {
  readonly kind: string;
  readonly name: string;
  /** Empty only in manifests written by hand. */
  readonly uid: string;
}

export interface NamespaceObject extends Identity {
  readonly labels: Labels;
}

export interface ServiceObject extends Identity {
  readonly labels: Labels;
  /** Empty when somebody else writes its endpoints. */
  readonly selector: Labels;
  /** `ExternalName`: a name outside, without endpoints here. */
  readonly external: boolean;
  /** Its EndpointSlices call every pod ready. */
  readonly publishesNotReady: boolean;
}

export interface Endpoint {
  /** Of the pod behind it; empty when it is none. */
  readonly podName: string;
  /** Tells endpoints apart that have no pod. */
  readonly address: string;
  /** An absent condition counts as ready, as the API says. */
  readonly ready: boolean;
  readonly terminating: boolean;
}

export interface EndpointSliceObject extends Identity {
  /** Label `kubernetes.io/service-name`; empty when it belongs to no Service. */
  readonly service: string;
  readonly endpoints: readonly Endpoint[];
}

export interface PodObject extends Identity {
  readonly labels: Labels;
  readonly controller: Controller | undefined;
  readonly podIP: string | undefined;
  readonly ready: boolean;
  /** Since when it is ready and every app container of it runs, ms since the epoch; undefined while it is not ready, or not known. */
  readonly readySince: number | undefined;
  /** False when an app container says that it has not started. */
  readonly started: boolean;
  readonly terminating: boolean;
}

export interface ReplicaSetObject extends Identity {
  readonly labels: Labels;
  readonly controller: Controller | undefined;
}

export interface WorkloadObject extends Identity {
  readonly labels: Labels;
  /** Only ours: keys of `rollback-bouncer.dev`. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly replicas: number;
  readonly minReadySeconds: number;
  /** Labels of the pod template. */
  readonly podLabels: Labels;
}

export interface RolloutObject extends WorkloadObject {
  /** `status.stableRS`: the pod template hash of the stable ReplicaSet; empty before there is one. */
  readonly stableHash: string;
}

export interface AutoscalerObject extends Identity {
  readonly target: { readonly kind: string; readonly name: string };
}

export interface CanaryObject extends Identity {
  readonly target: { readonly kind: string; readonly name: string };
  /** `status.phase`. */
  readonly phase: string;
}

export interface Subset {
  readonly name: string;
  readonly labels: Labels;
}

export interface DestinationRuleObject extends Identity {
  /** As written: a short name, a name of the cluster, or a wildcard. */
  readonly host: string;
  readonly subsets: readonly Subset[];
  readonly exportTo: readonly string[];
  /** It holds for selected clients only. */
  readonly forSomeClients: boolean;
  /** RFC 3339, as stored. */
  readonly createdAt: string;
}

/** Where a rule of a route sends requests. */
export interface Destination {
  /** Host as written; a short one of a delegate in another namespace is completed with that. */
  readonly host: string;
  /** Empty: the whole Service. */
  readonly subset: string;
  /** The same for all spellings of a Service and its subset: `destinationKey`. */
  readonly key: string;
  /** Of the rule's traffic, 0 to 1. */
  readonly share: number;
  /** Field path inside the object, of the first entry that names it; of the delegation when a delegate names it. */
  readonly path: string;
}

/**
 * `catch-all`: takes whatever no rule before it took. `general`: by path, method, port and the like: real customers.
 * `targeted`: only who says a header, a cookie, a query or comes from labelled pods.
 */
export type MatchClass = 'catch-all' | 'general' | 'targeted';

export interface RouteRule {
  /** As kubectl prints the path: `http[0]`; of a delegate's rule both: `http[0] via namespace/name http[1]`. */
  readonly at: string;
  readonly protocol: 'http' | 'tls' | 'tcp';
  /** Empty when the author gave none. */
  readonly name: string;
  readonly match: MatchClass;
  /** The same for matches that mean the same, whatever the order of keys; empty for a catch-all. As long as the match. */
  readonly matchKey: string;
  /** A rule before it takes everything. */
  readonly shadowed: boolean;
  readonly destinations: readonly Destination[];
  /** Another route decides, which is not put in here: its name as `namespace/name`. */
  readonly delegate: string | undefined;
  /** What cannot be read, in few words. All shares are 0 then, but for that of an only entry, which takes everything whatever it weighs. */
  readonly odd: string | undefined;
}

/** A route in the normal form that every API is read into. */
export interface Route extends Identity {
  readonly hosts: readonly string[];
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  /** RFC 3339, as stored. */
  readonly createdAt: string;
  readonly rules: readonly RouteRule[];
}
