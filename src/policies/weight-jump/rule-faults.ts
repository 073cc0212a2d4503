import type { Route, RouteRule } from '../../core/objects.ts';
import { hostKey } from '../../kubernetes/routes/host.ts';
import { meshHosts } from './traffic-taken.ts';
import type { Blind, Found, Trial } from './trial.ts';

/** A route before and after, as written. */
interface Changed {
  readonly before: Route | undefined;
  readonly after: Route;
}

/** A rule that hands its traffic to a route that cannot be read. */
export function blindDelegates({ before, after }: Changed, { facts }: Trial): readonly Blind[] {
  if (facts.virtualServices.known) return [];
  const stood = new Set(before?.rules.map(ruleText));
  const handed = after.rules.some((rule) => rule.delegate !== undefined && !stood.has(ruleText(rule)));
  return handed ? [{ fact: 'virtualServices' }] : [];
}

/** What is wrong with rules that are new or changed. Of delegates that cannot be read nothing is said here. */
export function ruleFaults(before: Route | undefined, after: Route, trial: Trial): readonly Found[] {
  if (!trial.facts.virtualServices.known) return [];
  const faulty = after.rules.filter((rule) => isFaulty(rule));
  if (faulty.length === 0) return [];
  const stood = new Set((before?.rules ?? []).filter((rule) => isFaulty(rule)).map(ruleText));
  return faulty.flatMap((rule): readonly Found[] => {
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

function isFaulty({ odd, shadowed: unseen, destinations }: RouteRule): boolean {
  return odd !== undefined || unseen || destinations.every(({ share }) => share === 0);
}

function ruleText({ matchKey, odd, shadowed: unseen, delegate, destinations }: RouteRule): string {
  return JSON.stringify([matchKey, odd, unseen, delegate, destinations.map(({ host, subset, share }) => [host, subset, share])]);
}

export function shadowed({ object }: Trial, rule: string, by: string): Found {
  return { code: 'shadowed-route', detail: { object, rule, by } };
}

/** Sidecars follow the oldest of several routes for a host; the others serve nobody, or perhaps soon. */
export function olderRoutes(route: Route, trial: Trial): readonly Found[] {
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
