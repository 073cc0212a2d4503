import type { Route, RouteRule } from '../../core/objects.ts';
import { hostKey, serviceOfHost } from '../../kubernetes/routes/host.ts';
import { withDelegates } from '../../kubernetes/routes/delegate.ts';
import { align, destinationKey, sharesOf, type Shares, type Shift } from './align.ts';
import { judgeShift } from './shift.ts';
import { isInvisible, together, type Blind, type Found, type Trial, type Verdict } from './trial.ts';

/** A route as it was, undefined for a new one, and as it shall be. */
export interface RouteChange {
  readonly before: Route | undefined;
  readonly after: Route;
  /** When the weights were set as they are now, ms since the epoch. */
  readonly since: number | undefined;
}

/** Judges every part of the traffic that a change of a route moves. */
export function judgeRoute(change: RouteChange, trial: Trial): Verdict {
  // What nobody saw served nobody.
  const before = change.before === undefined || isInvisible(change.before) ? undefined : expanded(change.before, trial);
  const after = expanded(change.after, trial);
  if (isInvisible(after)) return { findings: [shadowed(trial, '', 'is exported to nobody: no client sees it')] };
  const shifts = [...(before === undefined ? [] : align(before, after)), ...taken(before, after, trial)];
  const all = before === undefined && shifts.length === 0 ? first(after) : shifts;
  const ladder = { since: change.since };
  const context = { trial, namespace: after.namespace, resolveAfter: trial.resolve, ladder, repointed: undefined };
  const judged = together(all.map((shift) => judgeShift(shift, context)));
  const blind = [...(judged.blind ?? []), ...blindDelegates(change, trial)];
  const grown = judged.findings.length + blind.length > 0;
  const odd = trial.facts.virtualServices.known ? ruleFaults(before, after, trial) : [];
  const older = grown ? olderRoutes(after, trial) : [];
  const reason = grown ? [] : [unharmed(all, trial)];
  const initial: readonly Found[] = all.some(({ was }) => was === undefined)
    ? [{ code: 'initial', detail: { object: trial.object } }]
    : [];
  return { blind, findings: [...judged.findings, ...odd, ...older, ...reason, ...initial] };
}

function unharmed(shifts: readonly Shift[], { object }: Trial): Found {
  const same = shifts.every(({ was, becomes }) => was !== undefined && sameShares(was, becomes));
  return { code: same ? 'no-op' : 'decrease-only', detail: { object } };
}

function sameShares(was: Shares, becomes: Shares): boolean {
  const covers = (one: Shares, other: Shares): boolean =>
    [...one].every(([key, { share }]) => share === (other.get(key)?.share ?? 0));
  return covers(was, becomes) && covers(becomes, was);
}

/** A rule that hands its traffic to a route that cannot be read. */
function blindDelegates({ before, after }: RouteChange, { facts }: Trial): readonly Blind[] {
  if (facts.virtualServices.known) return [];
  const stood = new Set(before?.rules.map(ruleText));
  const handed = after.rules.some((rule) => rule.delegate !== undefined && !stood.has(ruleText(rule)));
  return handed ? [{ fact: 'virtualServices' }] : [];
}

function expanded(route: Route, { facts }: Trial): Route {
  const { virtualServices } = facts;
  return withDelegates(route, (namespace, name) =>
    virtualServices.known ? virtualServices.value.get(namespace, name) : undefined,
  );
}

/** A route for traffic that nobody is known to have served. */
function first({ rules, namespace }: Route): readonly Shift[] {
  const serving = rules.filter(({ shadowed: unseen, odd }) => !unseen && odd === undefined);
  return serving.map((rule) => ({
    rule,
    was: undefined,
    becomes: sharesOf(rule, namespace),
    kind: 'appears',
    targeted: rule.match === 'targeted',
  }));
}

/** Services whose own traffic the route takes over now: until now all of their ready pods served it alike. */
function taken(before: Route | undefined, after: Route, trial: Trial): readonly Shift[] {
  const had = new Set(before === undefined ? [] : meshHosts(before).map((host) => hostKey(host, after.namespace)));
  return meshHosts(after).flatMap((host) => {
    if (had.has(hostKey(host, after.namespace))) return [];
    return first(after).flatMap((shift) => {
      const was = sharesOfService(host, shift.becomes, { namespace: after.namespace, trial });
      return was === undefined ? [] : [{ ...shift, was }];
    });
  });
}

/** Hosts that name a Service, where clients inside of the mesh follow the route. */
export function meshHosts({ hosts, gateways, namespace }: Route): readonly string[] {
  if (gateways.length > 0 && !gateways.includes('mesh')) return [];
  return hosts.filter((host) => serviceOfHost(host, namespace).kind === 'service');
}

/** By the number of ready pods, what each destination gets of the traffic of a plain Service; undefined when nobody is ready there. */
export function sharesOfService(
  host: string,
  destinations: Shares,
  { namespace, trial }: { readonly namespace: string; readonly trial: Trial },
): Shares | undefined {
  const whole = trial.resolve(host, '', namespace);
  if (whole.kind !== 'pods' || whole.ready === 0) return undefined;
  const served = new Set(whole.pods.map(({ uid, name }) => uid || name));
  const shares = [...destinations].map(([key, { destination }]) => {
    const to = trial.resolve(destination.host, destination.subset, namespace);
    const common = to.kind === 'pods' && to.pods.some(({ uid, name }) => served.has(uid || name)) ? to.ready : 0;
    return [key, { share: Math.min(1, common / whole.ready), destination }] as const;
  });
  const plain = { host, subset: '', share: 1, path: '' };
  const known = shares.reduce((sum, [, { share }]) => sum + share, 0);
  const rest = [destinationKey(plain, namespace), { share: 1 - Math.min(1, known), destination: plain }] as const;
  return new Map([rest, ...shares]);
}

function ruleFaults(before: Route | undefined, after: Route, trial: Trial): readonly Found[] {
  const stood = new Set((before?.rules ?? []).map(ruleText));
  return after.rules.flatMap((rule): readonly Found[] => {
    if (stood.has(ruleText(rule))) return [];
    const { at, odd, destinations } = rule;
    const detail = { object: trial.object, rule: at };
    const path = `spec.${at}`;
    if (odd !== undefined) return [{ code: 'odd-rule', detail: { ...detail, why: odd }, path }];
    if (rule.shadowed && destinations.length > 0) return [shadowed(trial, at, 'is behind a rule that takes everything')];
    const idle = destinations.length > 0 && destinations.every(({ share }) => share === 0);
    return idle ? [{ code: 'all-zero-weights', detail, path }] : [];
  });
}

function ruleText({ matchKey, odd, shadowed: unseen, delegate, destinations }: RouteRule): string {
  return JSON.stringify([matchKey, odd, unseen, delegate, destinations.map(({ host, subset, share }) => [host, subset, share])]);
}

function shadowed({ object }: Trial, rule: string, by: string): Found {
  return { code: 'shadowed-route', detail: { object, rule, by } };
}

/** Sidecars follow the oldest of several routes for a host; the others serve nobody, or perhaps soon. */
function olderRoutes(route: Route, trial: Trial): readonly Found[] {
  const { virtualServices } = trial.facts;
  if (!virtualServices.known) return [];
  const others = meshHosts(route).flatMap((host) => virtualServices.value.by('host', hostKey(host, route.namespace)));
  const older = others.find((other) => isOlder(other, route) && meshHosts(other).length > 0);
  return older === undefined
    ? []
    : [shadowed(trial, '', `may serve nobody: ${older.namespace}/${older.name} is older and holds its host`)];
}

function isOlder(other: Route, route: Route): boolean {
  if (other.namespace === route.namespace && other.name === route.name) return false;
  return route.createdAt === '' || other.createdAt < route.createdAt;
}
