import { asList, asObject, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { objectOf, shorthand } from './objects.ts';
import { namespaceManifest, namespacesOf, ruleManifest, serviceManifests, standingRoute } from './traffic-shorthand.ts';
import { workloadManifests } from './workload-shorthand.ts';

/** What stands in the cluster of a case, briefly. Everything is in namespace `shop` unless it says otherwise. */
interface ClusterShorthand {
  readonly workloads: Json;
  readonly services: Json;
  /** By Service, then by subset: the labels. */
  readonly subsets: Json;
  /** VirtualServices besides that of the request. */
  readonly routes: Json;
  /** By namespace: `{ labels }`. Those that objects are in need not be named. */
  readonly namespaces: Json;
  /** Anything else, in full or `from` test/objects. */
  readonly objects: Json;
}

const keys = ['workloads', 'services', 'subsets', 'routes', 'namespaces', 'objects'] as const;

/** The manifests of a whole cluster, with the object under review as it is stored. */
export function clusterManifests(value: Json | undefined, stored: JsonObject | undefined, now: number): readonly JsonObject[] {
  const given = shorthand<ClusterShorthand>(value ?? {}, 'cluster', keys);
  const workloads = workloadManifests(asList(given.workloads), now);
  const pods = workloads.filter(({ kind }) => kind === 'Pod');
  const objects = [
    ...workloads,
    ...asList(given.services).flatMap((service) => serviceManifests(service, pods)),
    ...Object.entries(asObject(given.subsets) ?? {}).map(([host, subsets]) => ruleManifest(host, subsets ?? {})),
    ...asList(given.routes).map(standingRoute),
    ...asList(given.objects).map((object) => objectOf(object)!),
    ...(stored === undefined ? [] : [stored]),
  ];
  const names = new Set([...namespacesOf(objects), ...Object.keys(asObject(given.namespaces) ?? {})]);
  const namespaces = [...names].map((name) => namespaceManifest(name, asObject(at(given.namespaces, name, 'labels'))));
  return [...namespaces, ...objects];
}
