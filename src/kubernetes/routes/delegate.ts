import { cut } from '../../core/message.ts';
import type { Destination, MatchClass, Route, RouteRule } from '../../core/objects.ts';
import { hostFromElsewhere } from './host.ts';
import { withShadows } from './shadow.ts';

export type FindRoute = (namespace: string, name: string) => Route | undefined;

/** What delegates may add to one route, in rules and destinations: many rules may delegate to one large route. */
const mostAdded = 100_000;
/** So much of a match key counts as one more. */
const keyCharacters = 100;
const shownCharacters = 60;

/**
 * A route with its delegates put in: a rule that delegates is replaced by the http rules of its delegate, each for the requests
 * that fit both (mergeHTTPRoutes in https://github.com/istio/istio/blob/master/pilot/pkg/model/virtualservice.go). One level, as in
 * Istio, so no circle can go on. Rules whose matches exclude each other are dropped by Istio, and kept here: nothing reaches them.
 */
export function withDelegates(route: Route, find: FindRoute): Route {
  if (route.rules.every(({ delegate }) => delegate === undefined)) return route;
  const rules: RouteRule[] = [];
  let left = mostAdded;
  for (const rule of route.rules) {
    const put = expanded(rule, route, find, left);
    left -= put.cost;
    for (const one of put.rules) rules.push(one);
  }
  return { ...route, rules: withShadows(rules) };
}

interface Expansion {
  readonly rules: readonly RouteRule[];
  readonly cost: number;
}

function expanded(rule: RouteRule, root: Route, find: FindRoute, left: number): Expansion {
  const to = rule.delegate;
  if (to === undefined) return { rules: [rule], cost: 0 };
  const slash = to.indexOf('/');
  const delegate = find(to.slice(0, slash), to.slice(slash + 1));
  if (delegate === undefined) return unresolved(rule, to, 'is not there');
  const obstacle = obstacleOf(delegate, root);
  if (obstacle !== undefined) return unresolved(rule, to, obstacle);
  const served = delegate.rules.filter(({ protocol }) => protocol === 'http');
  const cost = served.reduce((sum, one) => sum + costOf(rule, one), 0);
  if (cost > left) return unresolved(rule, to, 'has too many rules');
  const seen = (one: Destination): Destination => ({
    ...one,
    // Istio completes short names before it merges: they are of the delegate's namespace.
    host: delegate.namespace === root.namespace ? one.host : hostFromElsewhere(one.host, delegate.namespace),
    // What stands in the object under review is the rule that delegates.
    path: `spec.${rule.at}.delegate`,
  });
  return { rules: served.map((one) => ({ ...merged(rule, one, to), destinations: destinationsOf(one).map(seen) })), cost };
}

function costOf(root: RouteRule, leaf: RouteRule): number {
  return 1 + leaf.destinations.length + (root.matchKey.length + leaf.matchKey.length) / keyCharacters;
}

/** Why Istio does not put it in. */
function obstacleOf({ hosts, exportTo, namespace }: Route, root: Route): string | undefined {
  if (hosts.length > 0) return 'has hosts of its own';
  const reaches = (one: string): boolean => one === '*' || (one === '.' ? namespace : one) === root.namespace;
  return exportTo.length === 0 || exportTo.some(reaches) ? undefined : `is not exported to ${root.namespace}`;
}

/** It still says to whom it delegates, and so hides no rule: Istio leaves it out and goes on. */
function unresolved(rule: RouteRule, to: string, why: string): Expansion {
  return { rules: [{ ...rule, destinations: [], odd: `${cut(to, shownCharacters)} ${why}` }], cost: 0 };
}

/** A delegate may not delegate: Istio refuses it, and nobody follows it here. */
function destinationsOf(leaf: RouteRule): readonly Destination[] {
  return leaf.delegate === undefined ? leaf.destinations : [];
}

function merged(root: RouteRule, leaf: RouteRule, via: string): RouteRule {
  return {
    ...leaf,
    at: `${root.at} via ${via} ${leaf.at}`,
    // Istio gives all rules of a delegate the name of the root when they have none: such a name tells nothing apart.
    name: root.name === '' || leaf.name === '' ? leaf.name : `${root.name}-${leaf.name}`,
    match: narrower(root.match, leaf.match),
    matchKey: [root.matchKey, leaf.matchKey].filter((key) => key !== '').join('\n'),
    shadowed: false,
    odd: root.odd ?? (leaf.delegate === undefined ? leaf.odd : `${via} delegates again`),
  };
}

/** Of two matches that must both fit. */
function narrower(one: MatchClass, other: MatchClass): MatchClass {
  if (one === 'targeted' || other === 'targeted') return 'targeted';
  return one === 'catch-all' && other === 'catch-all' ? 'catch-all' : 'general';
}
