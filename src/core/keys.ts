/** The keys of the indexes behind the lookups: made here, so that who fills an index and who asks it agree. */

export function serviceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** A workload as its autoscalers, its canaries and its ReplicaSets name it: without a uid. */
export function workloadKey(namespace: string, kind: string, name: string): string {
  return `${namespace}/${kind}/${name}`;
}

/** DestinationRules of one namespace about one Service, whose key is `serviceKey`; those with a wildcard are under `anyService`. */
export function ruleKey(namespace: string, service: string): string {
  return `${namespace} ${service}`;
}

export const anyService = '*';
