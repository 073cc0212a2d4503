import { asList, at, own, type Json } from '../../core/json.ts';
import { cut } from '../../core/message.ts';
import type { Destination } from '../../core/objects.ts';
import { destinationKey } from './host.ts';

export interface Split {
  readonly destinations: readonly Destination[];
  readonly odd: string | undefined;
}

/** `int32` in the API: https://github.com/istio/api/blob/master/networking/v1alpha3/virtual_service.proto. */
const mostWeight = 2_147_483_647;
const shownCharacters = 20;
const none: Split = { destinations: [], odd: undefined };

interface Entry {
  readonly key: string;
  readonly host: string;
  readonly subset: string;
  readonly path: string;
  readonly weight: number;
}

/**
 * The shares of a rule's destinations. A single entry takes everything, whatever its weight; of several each takes its part of
 * the sum, and none takes anything when the sum is 0: applyHTTPRouteDestination in
 * https://github.com/istio/istio/blob/master/pilot/pkg/networking/core/route/route.go.
 *
 * @param path - of the rule inside the object
 * @param namespace - of the object: entries that spell one Service differently are one destination
 */
export function splitOf(route: Json | undefined, path: string, namespace: string): Split {
  if (route === undefined || route === null) return none;
  if (!Array.isArray(route)) return { destinations: [], odd: `route is ${shown(route)}` };
  const entries = asList(route);
  const odd = entries.map(oddOf).find((one) => one !== undefined);
  const merged = mergedOf(entries, path, namespace);
  const sum = merged.reduce((all, { weight }) => all + weight, 0);
  const share = (weight: number): number => {
    if (entries.length === 1) return 1;
    return odd !== undefined || sum === 0 ? 0 : weight / sum;
  };
  return { destinations: merged.map(({ weight, ...rest }) => ({ ...rest, share: share(weight) })), odd };
}

/** Weights are added before they are divided: whole numbers add up exactly. */
function mergedOf(entries: readonly Json[], path: string, namespace: string): readonly Entry[] {
  const found = new Map<string, Entry>();
  for (const [index, entry] of entries.entries()) {
    const destination = own(entry, 'destination');
    const host = own(destination, 'host');
    const subset = own(destination, 'subset') ?? '';
    if (typeof host !== 'string' || host === '' || typeof subset !== 'string') continue;
    const weight = weightOf(own(entry, 'weight')) ?? 0;
    const key = destinationKey(host, subset, namespace);
    const first = found.get(key);
    if (first === undefined) found.set(key, { key, host, subset, path: `${path}.route[${index}]`, weight });
    else found.set(key, { ...first, weight: first.weight + weight });
  }
  return [...found.values()];
}

/** Absent is 0, as for every number of protobuf; undefined when Istio could not read it. */
function weightOf(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostWeight ? value : undefined;
}

function oddOf(entry: Json, index: number): string | undefined {
  const host = at(entry, 'destination', 'host');
  const subset = at(entry, 'destination', 'subset') ?? '';
  const weight = own(entry, 'weight');
  if (typeof host !== 'string' || host === '') return `route[${index}].destination.host is ${shown(host)}`;
  if (typeof subset !== 'string') return `route[${index}].destination.subset is ${shown(subset)}`;
  return weightOf(weight) === undefined ? `route[${index}].weight is ${shown(weight)}` : undefined;
}

/** A value in few words. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'string') return JSON.stringify(cut(value, shownCharacters));
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}
