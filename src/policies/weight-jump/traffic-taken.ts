import { serviceKey } from '../../core/keys.ts';
import type { Route } from '../../core/objects.ts';
import { withDelegates } from '../../kubernetes/routes/delegate.ts';
import { isUnderWildcard, mayBeInCluster } from '../../kubernetes/routes/destination-rule.ts';
import { destinationKey, hostKey, serviceOfHost } from '../../kubernetes/routes/host.ts';
import { align, firstShifts, type Alignment, type Shares, type Shift } from './align.ts';
import { most, type Trial } from './trial.ts';

const mostRoots = 64;

/** Nobody is known to have served it; a delegate takes what its roots gave to others. */
export function firstTraffic(route: Route, trial: Trial): Alignment {
  const { virtualServices } = trial.facts;
  const first = { shifts: firstShifts(route), tooMany: undefined };
  if (route.hosts.length > 0 || !virtualServices.known) return first;
  const { by, get } = virtualServices.value;
  const roots = by('delegate', serviceKey(route.namespace, route.name));
  if (roots.length > mostRoots) return { ...first, tooMany: [roots.length, route.rules.length] };
  const handed = roots.map((root) => {
    const isThis = (namespace: string, name: string): boolean => namespace === route.namespace && name === route.name;
    const without = withDelegates(root, (namespace, name) => (isThis(namespace, name) ? undefined : get(namespace, name)));
    const joined = withDelegates(root, (namespace, name) => (isThis(namespace, name) ? route : get(namespace, name)));
    return align(without, joined);
  });
  const shifts = handed.flatMap((one) => one.shifts);
  return shifts.length === 0 ? first : { shifts, tooMany: handed.find(({ tooMany }) => tooMany !== undefined)?.tooMany };
}

/** The traffic that a route takes over: of Services which had none, for clients who did not see it. */
export function trafficTaken(before: Route | undefined, after: Route, trial: Trial): Alignment {
  const had = before === undefined || reachesMore(before, after) ? [] : takenHosts(before, trial);
  const keys = new Set(had.map(({ key }) => key));
  const gained = takenHosts(after, trial).filter(({ key }) => !keys.has(key));
  if (gained.length === 0) return { shifts: [], tooMany: undefined };
  const shifts = firstShifts(after);
  if (gained.length * shifts.length > most.shifts) return { shifts: [], tooMany: [gained.length, shifts.length] };
  const taken = gained.flatMap(({ was, namespace }) =>
    // Of a rule for some paths nobody knows how much of the Service's traffic it gets.
    shifts.map((shift): Shift => ({
      ...shift,
      was,
      kind: shift.rule.match === 'catch-all' ? 'takes' : 'appears',
      namespaces: [namespace],
    })),
  );
  return { shifts: taken, tooMany: undefined };
}

/** Clients in other namespaces see it now. */
function reachesMore({ exportTo: before, namespace }: Route, { exportTo: after }: Route): boolean {
  const reach = (to: readonly string[]): ReadonlySet<string> =>
    new Set(to.length === 0 ? ['*'] : to.map((one) => (one === '.' ? namespace : one)));
  const [had, has] = [reach(before), reach(after)];
  return !had.has('*') && [...has].some((one) => !had.has(one));
}

interface TakenHost {
  readonly key: string;
  readonly namespace: string;
  /** Who served it: all pods of the Service alike; nobody that can be named, where a wildcard takes whatever there is. */
  readonly was: Shares;
}

/** Services whose own traffic a route takes: those that its hosts name, and its destinations under a wildcard. */
function takenHosts(route: Route, trial: Trial): readonly TakenHost[] {
  const { namespace } = route;
  const hosts = meshHosts(route);
  const wildcards = hosts.filter((host) => host.startsWith('*') && mayBeInCluster(host));
  const named = new Map([...hosts, ...covered(route, wildcards)].map((host) => [hostKey(host, namespace), host]));
  const services = [...named].flatMap(([key, host]): TakenHost[] => {
    const to = trial.resolve(host, '', namespace);
    if (to.kind !== 'unknown' && (to.kind !== 'pods' || to.ready === 0)) return [];
    const destination = { host, subset: '', key: destinationKey(host, '', namespace), share: 1, path: '' };
    return [{ key, namespace: to.namespace, was: new Map([[destination.key, { share: 1, destination }]]) }];
  });
  const [first] = wildcards;
  return first === undefined ? services : [...services, { key: '*', namespace, was: new Map() }];
}

function covered({ rules, namespace }: Route, wildcards: readonly string[]): readonly string[] {
  const hosts = wildcards.length === 0 ? [] : rules.flatMap(({ destinations }) => destinations.map(({ host }) => host));
  return [...new Set(hosts)].filter((host) => {
    const target = serviceOfHost(host, namespace);
    return target.kind === 'service' && wildcards.some((wildcard) => isUnderWildcard(wildcard, target.namespace, target.name));
  });
}

/** Hosts for which clients inside of the mesh follow the route. */
export function meshHosts({ hosts, gateways }: Route): readonly string[] {
  return gateways.length > 0 && !gateways.includes('mesh') ? [] : hosts;
}
