import { asList, asObject, asText, own, type Json, type JsonObject } from '../../core/json.ts';
import { serviceKey } from '../../core/keys.ts';
import type { Route, RouteRule } from '../../core/objects.ts';
import { matchOf } from './match.ts';
import { metadataOf, textsOf } from './metadata.ts';
import { withShadows } from './shadow.ts';
import { shown, splitOf } from './weights.ts';

const protocols = ['http', 'tls', 'tcp'] as const;

/** A VirtualService of any served version, all of which have one schema; undefined without a name. */
export function virtualServiceRoute(object: JsonObject): Route | undefined {
  const metadata = metadataOf(object);
  if (metadata === undefined) return undefined;
  const spec = own(object, 'spec');
  const rules = protocols.flatMap((protocol) =>
    asList(own(spec, protocol)).map((rule, index) => ruleOf(rule, protocol, index, metadata.namespace)),
  );
  return {
    ...metadata,
    hosts: textsOf(object, 'hosts'),
    gateways: textsOf(object, 'gateways'),
    exportTo: textsOf(object, 'exportTo'),
    rules: withShadows(rules),
  };
}

function ruleOf(rule: Json, protocol: RouteRule['protocol'], index: number, namespace: string): RouteRule {
  const at = `${protocol}[${index}]`;
  const written = asObject(rule);
  // Without a match it would take everything; what is no rule at all must not hide the others.
  const match = matchOf(written === undefined ? [rule] : own(rule, 'match'), protocol);
  const split = splitOf(own(rule, 'route'), `spec.${at}`, namespace);
  const delegate = protocol === 'http' ? delegateOf(own(rule, 'delegate'), namespace) : { to: undefined, odd: undefined };
  const unread = written === undefined ? `the rule is ${shown(rule)}` : undefined;
  return {
    at,
    protocol,
    name: asText(own(rule, 'name')) ?? '',
    match: match.match,
    matchKey: match.matchKey,
    shadowed: false,
    destinations: split.destinations,
    delegate: delegate.to,
    odd: unread ?? match.odd ?? split.odd ?? delegate.odd,
  };
}

interface Delegation {
  readonly to: string | undefined;
  readonly odd: string | undefined;
}

/** Its namespace is that of the VirtualService when none is given. */
function delegateOf(delegate: Json | undefined, namespace: string): Delegation {
  if (delegate === undefined || delegate === null) return { to: undefined, odd: undefined };
  const name = own(delegate, 'name');
  if (typeof name !== 'string' || name === '') return { to: undefined, odd: `delegate.name is ${shown(name)}` };
  const elsewhere = asText(own(delegate, 'namespace')) ?? '';
  return { to: serviceKey(elsewhere === '' ? namespace : elsewhere, name), odd: undefined };
}
