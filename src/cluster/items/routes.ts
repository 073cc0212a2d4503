import { anyService, ruleKey, serviceKey } from '../../core/keys.ts';
import type { DestinationRuleObject, Route } from '../../core/objects.ts';
import { hostKey, serviceOfHost } from '../../kubernetes/routes/host.ts';

export function ruledService({ host, namespace }: DestinationRuleObject): string | undefined {
  if (host.startsWith('*')) return ruleKey(namespace, anyService);
  const meaning = serviceOfHost(host, namespace);
  return meaning.kind === 'service' ? ruleKey(namespace, serviceKey(meaning.namespace, meaning.name)) : undefined;
}

export function heldHosts({ hosts, namespace }: Route): readonly string[] {
  return hosts.map((host) => hostKey(host, namespace));
}

/** Whatever their weight: a Service that gets nothing now may get something with the next edit. */
export function routedServices({ rules, namespace }: Route): readonly string[] {
  const destinations = rules.flatMap((rule) => rule.destinations);
  return destinations.flatMap(({ host }) => {
    const meaning = serviceOfHost(host, namespace);
    return meaning.kind === 'service' ? [serviceKey(meaning.namespace, meaning.name)] : [];
  });
}

/** By name alone: what a DestinationRule with a wildcard may be about. */
export function routedSubsets({ rules }: Route): readonly string[] {
  return rules.flatMap((rule) => rule.destinations.flatMap(({ subset }) => (subset === '' ? [] : [subset])));
}

/** Routes that decide for this one. */
export function handedTo({ rules }: Route): readonly string[] {
  return rules.flatMap(({ delegate }) => delegate ?? []);
}
