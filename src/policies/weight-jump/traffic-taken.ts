import { serviceKey } from '../../core/keys.ts';
import type { Route } from '../../core/objects.ts';
import { withDelegates } from '../../kubernetes/routes/delegate.ts';
import { destinationKey, hostKey } from '../../kubernetes/routes/host.ts';
import { align, firstShifts, type Shares, type Shift } from './align.ts';
import type { Trial } from './trial.ts';

/** Nobody is known to have served it; a delegate takes what its root gave to others. */
export function firstTraffic(route: Route, trial: Trial): readonly Shift[] {
  const { virtualServices } = trial.facts;
  if (route.hosts.length > 0 || !virtualServices.known) return firstShifts(route);
  const { by, get } = virtualServices.value;
  const roots = by('delegate', serviceKey(route.namespace, route.name)).slice(0, mostRoots);
  const handed = roots.flatMap((root) => {
    const isThis = (namespace: string, name: string): boolean => namespace === route.namespace && name === route.name;
    const without = withDelegates(root, (namespace, name) => (isThis(namespace, name) ? undefined : get(namespace, name)));
    const joined = withDelegates(root, (namespace, name) => (isThis(namespace, name) ? route : get(namespace, name)));
    return align(without, joined).shifts;
  });
  return handed.length > 0 ? handed : firstShifts(route);
}

const mostRoots = 16;

/** The traffic that a route takes over: of Services which had none, of routes that hand theirs to it. */
export function trafficTaken(before: Route | undefined, after: Route, trial: Trial): readonly Shift[] {
  const had = before === undefined ? [] : takenHosts(before, trial);
  const keys = new Set(had.map(({ key }) => key));
  const gained = takenHosts(after, trial).filter(({ key }) => !keys.has(key));
  if (gained.length === 0) return [];
  const shifts = firstShifts(after);
  return gained.flatMap(({ was, namespace }) =>
    shifts.map((shift) => ({ ...shift, was, kind: 'takes', namespaces: [namespace] }) as const),
  );
}

interface TakenHost {
  readonly key: string;
  readonly namespace: string;
  /** Who served it: all pods of the Service alike; nobody that can be named, where a wildcard takes whatever there is. */
  readonly was: Shares;
}

/** Services with ready pods whose own traffic a route takes: those that its hosts name, and its destinations under a wildcard. */
function takenHosts(route: Route, trial: Trial): readonly TakenHost[] {
  const { namespace } = route;
  const hosts = meshHosts(route);
  const wildcards = hosts.filter((host) => host.startsWith('*'));
  const covered = wildcards.length === 0 ? [] : route.rules.flatMap(({ destinations }) => destinations.map(({ host }) => host));
  const named = new Map([...hosts, ...covered].map((host) => [hostKey(host, namespace), host]));
  const services = [...named].flatMap(([key, host]): TakenHost[] => {
    const to = trial.resolve(host, '', namespace);
    if (to.kind !== 'pods' || to.ready === 0) return [];
    const destination = { host, subset: '', key: destinationKey(host, '', namespace), share: 1, path: '' };
    return [{ key, namespace: to.namespace, was: new Map([[destination.key, { share: 1, destination }]]) }];
  });
  const others = wildcards.map((host) => ({ key: host, namespace, was: new Map() }));
  return [...services, ...others];
}

/** Hosts for which clients inside of the mesh follow the route. */
export function meshHosts({ hosts, gateways }: Route): readonly string[] {
  return gateways.length > 0 && !gateways.includes('mesh') ? [] : hosts;
}
