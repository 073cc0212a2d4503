import type { RouteRule } from '../../core/objects.ts';

/**
 * Marks the rules that no request reaches, because one before them in the list of their protocol takes everything.
 * A rule that delegates takes nothing by itself: what its delegate leaves, and all of it when there is no such delegate, goes on
 * to the next one (mergeVirtualServicesIfNeeded in
 * https://github.com/istio/istio/blob/master/pilot/pkg/model/virtualservice.go).
 */
export function withShadows(rules: readonly RouteRule[]): readonly RouteRule[] {
  const closed = new Set<RouteRule['protocol']>();
  return rules.map((rule) => {
    const shadowed = closed.has(rule.protocol);
    if (rule.match === 'catch-all' && rule.delegate === undefined) closed.add(rule.protocol);
    return rule.shadowed === shadowed ? rule : { ...rule, shadowed };
  });
}
