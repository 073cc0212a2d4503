import { offlineCluster } from '../../src/cluster/offline.ts';
import { factKeys, known, unknown, type Fact, type FactKey, type Facts, type OwnedReplicaSet } from '../../src/core/facts.ts';
import { asList, asObject, asText, at, textEntries, type Json, type JsonObject } from '../../src/core/json.ts';
import type { Gather } from '../../src/core/review.ts';
import { objectOf } from './objects.ts';

/** The facts of a cluster that is complete, but for those that are given. */
export function gatherFrom(cluster: readonly JsonObject[], given: Partial<Facts>): Gather {
  const offline = offlineCluster(cluster);
  return async (needs, request) => {
    const gathered = await offline.gather(needs, request);
    return Object.fromEntries(needs.map((key) => [key, given[key] ?? gathered[key]])) as unknown as Facts;
  };
}

/** Some facts may be written out; any may be unknown. */
export function givenFacts(value: Json | undefined): Partial<Facts> {
  const entries = Object.entries(asObject(value) ?? {}).map(([key, fact]): readonly [string, Fact<unknown>] => {
    const why = asText(at(fact, 'unknown'));
    if (!(factKeys as readonly string[]).includes(key)) throw new Error(`${key} is no fact`);
    if (why !== undefined) return [key, unknown(why)];
    const read = readers[key as FactKey];
    if (read === undefined) throw new Error(`${key} is made of the cluster, or unknown`);
    return [key, known(read(fact ?? {}))];
  });
  return Object.fromEntries(entries);
}

const readers: Readonly<Partial<Record<FactKey, (value: Json) => unknown>>> = {
  namespaceLabels: (labels) => new Map(textEntries(labels)),
  ownedReplicaSets: (list) => asList(list).map(ownedReplicaSet),
};

function ownedReplicaSet(one: Json, index: number): OwnedReplicaSet {
  return {
    name: asText(at(one, 'name')) ?? `rs-${index}`,
    uid: `uid-${index}`,
    createdAt: '2026-11-23T00:00:00Z',
    revision: index + 1,
    template: asObject(at(objectOf(at(one, 'of')), 'spec', 'template')) ?? {},
    desiredPods: Number(at(one, 'desiredPods') ?? 0),
    readyPods: Number(at(one, 'readyPods') ?? 0),
  };
}
