import { kindNames, kinds } from '../src/cluster/kinds.ts';
import { factSources, type ApiResource } from '../src/core/facts.ts';
import type { Policy } from '../src/core/policy.ts';

/** What the process reads: the sources of the facts that policies need, and every kind that it knows how to watch. */
export function readResources(policies: readonly Policy[]): readonly ApiResource[] {
  const sources = policies.flatMap(({ needs }) => needs).flatMap((fact) => factSources[fact]);
  const watched = kindNames.map((name) => ({ group: kinds[name].group, resource: kinds[name].resource }));
  const byName = new Map([...sources, ...watched].map((source) => [`${source.group}/${source.resource}`, source]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source);
}

/** Denials become Events, in whatever namespace the object is. They are never read, changed or removed. */
const writes = { apiGroups: [''], resources: ['events'], verbs: ['create'] };

export function clusterRole(policies: readonly Policy[]): object {
  const groups = new Map<string, string[]>();
  for (const { group, resource } of readResources(policies)) groups.set(group, [...(groups.get(group) ?? []), resource]);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'rollback-bouncer' },
    rules: [
      ...[...groups].map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ['get', 'list', 'watch'] })),
      writes,
    ],
  };
}
