import type { Destination, Route, RouteRule } from '../../core/objects.ts';
import { hostKey } from '../../kubernetes/routes/host.ts';

/** Shares of one rule by destination, 0 to 1. */
export type Shares = ReadonlyMap<string, { readonly share: number; readonly destination: Destination }>;

/** A part of the traffic: who served it, and who shall. */
export interface Shift {
  readonly rule: RouteRule;
  /** Who served this traffic; undefined when nobody is known to. */
  readonly was: Shares | undefined;
  readonly becomes: Shares;
  /** `steps`: the same match as before. `appears`: a match that nobody had. `falls`: the match is gone, the catch-all gets it. */
  readonly kind: 'steps' | 'appears' | 'falls';
  /** Only those whom the author singled out are concerned. */
  readonly targeted: boolean;
}

/** The same for all spellings of a destination. */
export function destinationKey({ host, subset }: Pick<Destination, 'host' | 'subset'>, namespace: string): string {
  return `${hostKey(host, namespace)} ${subset}`;
}

export function sharesOf(rule: RouteRule, namespace: string): Shares {
  return new Map(
    rule.destinations.map((destination) => [destinationKey(destination, namespace), { share: destination.share, destination }]),
  );
}

/**
 * Lays the rules of a route before and after a change beside each other, by what they match. What matched nothing before was
 * served by the catch-all; what is matched no more falls to the catch-all. Rules behind a catch-all serve nobody.
 */
export function align(before: Route, after: Route): readonly Shift[] {
  const protocols = ['http', 'tls', 'tcp'] as const;
  return protocols.flatMap((protocol) => {
    const of = (route: Route): Side => sideOf(route, protocol);
    const [old, next] = [of(before), of(after)];
    return [...kept(old, next), ...fallen(old, next)];
  });
}

interface Side {
  readonly namespace: string;
  /** In order; several with the same match: the first one serves. */
  readonly byMatch: ReadonlyMap<string, RouteRule>;
  readonly catchAll: RouteRule | undefined;
}

function sideOf({ namespace, rules }: Route, protocol: RouteRule['protocol']): Side {
  const effective = rules.filter((rule) => rule.protocol === protocol && !rule.shadowed && rule.odd === undefined);
  const byMatch = new Map<string, RouteRule>();
  for (const rule of effective) if (!byMatch.has(rule.matchKey)) byMatch.set(rule.matchKey, rule);
  return { namespace, byMatch, catchAll: effective.find(({ match }) => match === 'catch-all') };
}

function kept(old: Side, next: Side): readonly Shift[] {
  return [...next.byMatch.values()].map((rule): Shift => {
    const partner = partnerOf(rule, old);
    const served = partner ?? old.catchAll ?? namesake(rule, old);
    return {
      rule,
      was: served && sharesOf(served, old.namespace),
      becomes: sharesOf(rule, next.namespace),
      kind: partner === undefined ? 'appears' : 'steps',
      targeted: rule.match === 'targeted',
    };
  });
}

function partnerOf(rule: RouteRule, old: Side): RouteRule | undefined {
  return rule.match === 'catch-all' ? old.catchAll : old.byMatch.get(rule.matchKey);
}

/** A name alone does not tell that the same customers come: `match` may have been widened. It is believed where nothing else is known. */
function namesake({ name, match }: RouteRule, old: Side): RouteRule | undefined {
  return name === '' ? undefined : [...old.byMatch.values()].find((rule) => rule.name === name && rule.match === match);
}

/** Traffic whose rule is gone goes to the catch-all, whose shares may be new to it. */
function fallen(old: Side, next: Side): readonly Shift[] {
  const { catchAll } = next;
  if (catchAll === undefined) return [];
  const gone = [...old.byMatch.values()].filter(({ match, matchKey }) => match !== 'catch-all' && !next.byMatch.has(matchKey));
  return gone.map((rule) => ({
    rule: catchAll,
    was: sharesOf(rule, old.namespace),
    becomes: sharesOf(catchAll, next.namespace),
    kind: 'falls',
    targeted: rule.match === 'targeted',
  }));
}
