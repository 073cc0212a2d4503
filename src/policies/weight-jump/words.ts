import type { Backing, Behind } from '../../kubernetes/destination.ts';
import type { Workload } from '../../kubernetes/workloads-behind.ts';
import type { UndefinedSubset } from './details.ts';

/** Percent with at most two decimals, as a number. */
export function percentOf(share: number): number {
  return Math.round(share * 10_000) / 100;
}

/** How a destination is called: its subset, else its Service, with the namespace where that is another one. */
export function nameOf(
  host: string,
  subset: string,
  { to, namespace }: { readonly to: Behind; readonly namespace: string },
): string {
  if (to.kind === 'external') return host;
  const elsewhere = to.namespace === namespace ? '' : `${to.namespace}/`;
  const service = 'service' in to ? to.service : host;
  return `${elsewhere}${subset === '' ? service : subset}`;
}

export function workloadName({ kind, name }: Workload): string {
  return `${kind.toLowerCase()}/${name}`;
}

/** What `kubectl get` shows of a destination: its pods, or who stands in for them. */
export function lookAt({ labels, service }: Backing): string {
  if (labels.size === 0) return `endpointslices -l kubernetes.io/service-name=${service}`;
  return `pods -l ${[...labels].map(([key, value]) => `${key}=${value}`).join(',')}`;
}

const mostSubsets = 10;

export function undefinedSubset({
  namespace,
  service,
  subsets,
}: Behind & { readonly kind: 'subset-undefined' }): UndefinedSubset {
  const more = subsets.length - mostSubsets;
  const listed = [...subsets.slice(0, mostSubsets), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  return { namespace, service, defined: listed };
}
