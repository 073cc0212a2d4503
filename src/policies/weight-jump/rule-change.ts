import { anyService, ruleKey, serviceKey } from '../../core/keys.ts';
import type { Destination, DestinationRuleObject, Labels, Route, RouteRule } from '../../core/objects.ts';
import { storedRules, type Behind } from '../../kubernetes/destination.ts';
import { hostKey, serviceOfHost } from '../../kubernetes/routes/host.ts';
import { sharesOf, type Shift } from './align.ts';
import { judgeShift } from './shift.ts';
import {
  isInvisible,
  most,
  repeated,
  resolvers,
  type Repeated,
  type Resolve,
  together,
  tooManyRules,
  type Found,
  type Rules,
  type ShiftContext,
  type Trial,
  type Verdict,
} from './trial.ts';
import { percentOf } from './words.ts';

const subsetsPath = 'spec.subsets';

/** A DestinationRule as it stands, undefined for a new one, and as it shall be, undefined when it goes. */
export interface RuleChange {
  readonly before: DestinationRuleObject | undefined;
  readonly after: DestinationRuleObject | undefined;
}

/**
 * Judges what a change of subsets does to the routes that name them: no weight moves, and yet the pods behind a share do.
 * https://github.com/argoproj/argo-rollouts/issues/2507
 */
export function judgeRules({ before, after }: RuleChange, trial: Trial): Verdict {
  const some = before ?? after;
  const untouched: Verdict = { findings: [{ code: 'no-op', detail: { object: trial.object } }] };
  if (some === undefined || (before !== undefined && after !== undefined && sameTraffic(before, after))) return untouched;
  const { virtualServices } = trial.facts;
  if (!virtualServices.known) return { findings: [], blind: [{ fact: 'virtualServices' }] };
  const [stood, stands] = [before, after].map((rule) => resolvers(trial.facts, trial.config, worldWith(some, rule, trial)));
  if (stood === undefined || stands === undefined) return untouched;
  const worlds = (['least', 'most'] as const).map((take): World => ({
    trial: { ...trial, resolve: stood[take] },
    resolveAfter: stands[take],
    repeatedIn: repeatedByNamespace(),
  }));
  const routes = new Map(
    [before, after].flatMap((rule) => routesUnder(rule, trial)).map((route) => [`${route.namespace}/${route.name}`, route]),
  );
  const rules = [...routes.values()].flatMap((route) => route.rules);
  const destinations = rules.reduce((sum, rule) => sum + rule.destinations.length, 0);
  if (destinations > most.destinations) return { findings: [tooManyRules([rules.length, destinations], trial)] };
  const judged = together(
    worlds.flatMap((world) => [...routes.values()].flatMap((route) => route.rules.map((rule) => judgeUse(rule, route, world)))),
  );
  return judged.findings.length + (judged.blind ?? []).length > 0 ? judged : untouched;
}

/** Routes that may send something where a DestinationRule holds: to its Service, or by a subset that it may define for many. */
function routesUnder(rule: DestinationRuleObject | undefined, { facts }: Trial): readonly Route[] {
  if (rule === undefined || !facts.virtualServices.known) return [];
  const { by } = facts.virtualServices.value;
  const target = serviceOfHost(rule.host, rule.namespace);
  const isWildcard = rule.host.startsWith('*');
  if (target.kind === 'external' && !isWildcard) return [];
  if (target.kind === 'service') return seen(by('destination', serviceKey(target.namespace, target.name)));
  const others = storedRules(facts, rule.namespace, anyService);
  const names = new Set([rule, ...others].flatMap(({ subsets }) => subsets.map(({ name }) => name)));
  return [...names].flatMap((name) => seen(by('subset', name)));
}

function seen(routes: readonly Route[]): readonly Route[] {
  return routes.filter((route) => !isInvisible(route));
}

function sameTraffic(a: DestinationRuleObject, b: DestinationRuleObject): boolean {
  const text = ({ host, subsets, exportTo, forSomeClients, namespace }: DestinationRuleObject): string =>
    JSON.stringify([
      hostKey(host, namespace),
      subsets.map(({ name, labels }) => [name, sorted(labels)]),
      exportTo,
      forSomeClients,
    ]);
  return text(a) === text(b);
}

function sorted(labels: Labels): readonly (readonly [string, string])[] {
  return [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** DestinationRules with one of them put in the place of what is stored, or left out. */
function worldWith(rule: DestinationRuleObject, instead: DestinationRuleObject | undefined, { facts }: Trial): Rules {
  return (namespace, service) => {
    const others = storedRules(facts, namespace, service).filter(
      (one) => one.namespace !== rule.namespace || one.name !== rule.name,
    );
    return instead === undefined || !mayBeAbout(instead, namespace, service) ? others : [...others, instead];
  };
}

function mayBeAbout({ host, namespace: own }: DestinationRuleObject, namespace: string, service: string): boolean {
  const target = serviceOfHost(host, own);
  const key = target.kind === 'service' ? serviceKey(target.namespace, target.name) : host.startsWith('*') ? service : undefined;
  return key !== undefined && ruleKey(own, key) === ruleKey(namespace, service);
}

/** What clients see before and after: those who see least, those who see most. */
interface World {
  /** Resolves as the rules stood. */
  readonly trial: Trial;
  readonly resolveAfter: Resolve;
  /** What was judged already, by the namespace of routes. */
  readonly repeatedIn: (namespace: string) => Repeated;
}

function repeatedByNamespace(): World['repeatedIn'] {
  const all = new Map<string, Repeated>();
  return (namespace) => {
    const found = all.get(namespace) ?? repeated();
    all.set(namespace, found);
    return found;
  };
}

/** One rule of a route that may send traffic to subsets which change: all of it at once, as it changes. */
function judgeUse(rule: RouteRule, route: Route, { trial, resolveAfter, repeatedIn }: World): Verdict {
  if (rule.shadowed) return { findings: [] };
  const { namespace } = route;
  const uses = rule.destinations.map((use) => ({
    use,
    stood: trial.resolve(use.host, use.subset, namespace),
    stands: resolveAfter(use.host, use.subset, namespace),
  }));
  const changed = uses.filter(
    ({ use, stood, stands }) => use.share > 0 && stood.kind !== 'subset-undefined' && !sameBehind(stood, stands),
  );
  if (changed.length === 0) return { findings: [] };
  const removed = changed.filter(({ stands }) => stands.kind === 'subset-undefined');
  const context: ShiftContext = {
    trial: { ...trial, object: `${trial.object} for ${route.name}` },
    namespace,
    resolveAfter,
    ladder: undefined,
    repointed: subsetsPath,
    repeated: repeatedIn(namespace),
  };
  const moved = new Set(changed.map(({ use }) => use.key));
  const gone = new Set(removed.map(({ use }) => use.key));
  return together([
    { findings: removed.map(({ use, stood }) => inUse(use, rule, route, { trial, stood })) },
    alsoOf(namespace, judgeShift(repointing(rule, moved, gone), context)),
  ]);
}

/** It is the business of those who own the route, too. */
function alsoOf(namespace: string, { findings, blind }: Verdict): Verdict {
  return {
    findings: findings.map((one) => ({ ...one, namespaces: [...(one.namespaces ?? []), namespace] })),
    ...(blind && { blind: blind.map((one) => ({ ...one, namespaces: [...(one.namespaces ?? []), namespace] })) }),
  };
}

function sameBehind(stood: Behind, stands: Behind): boolean {
  if (!('labels' in stood) || !('labels' in stands)) return stood.kind === stands.kind && stood.kind !== 'unknown';
  return stood.kind === stands.kind && JSON.stringify(sorted(stood.labels)) === JSON.stringify(sorted(stands.labels));
}

/** The whole share of what changes leaves the pods that it had for those that it gets. */
function repointing(rule: RouteRule, moved: ReadonlySet<string>, gone: ReadonlySet<string>): Shift {
  const shares = sharesOf(rule);
  const was = new Map([...shares].map(([key, value]) => [moved.has(key) ? `${key} before` : key, value]));
  const becomes = new Map([...shares].filter(([key]) => !gone.has(key)));
  return { rule, was, becomes, kind: 'steps', targeted: rule.match === 'targeted' };
}

function inUse(
  use: Destination,
  rule: RouteRule,
  route: Route,
  { trial, stood }: { readonly trial: Trial; readonly stood: Behind },
): Found {
  const { namespace } = route;
  const ready = stood.kind === 'pods' ? stood.ready : 0;
  const serves = stood.kind !== 'pods' || ready > 0;
  const namespaces = [...new Set([trial.namespace, namespace, ...(stood.kind === 'external' ? [] : [stood.namespace])])];
  const detail = {
    object: trial.object,
    subset: use.subset,
    route: `${namespace}/${route.name} ${rule.at}`,
    namespaces,
    percent: percentOf(use.share),
    ready,
  };
  const effect = serves && rule.match !== 'targeted' ? 'deny' : 'warn';
  return { code: 'subset-in-use', detail, effect, path: subsetsPath, namespaces };
}
