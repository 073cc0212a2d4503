import type { Facts } from '../../core/facts.ts';
import { parseGrant, type ParsedGrant } from '../../core/grant.ts';
import { workloadKey } from '../../core/keys.ts';
import type { Backing } from '../../kubernetes/destination.ts';
import type { Workload } from '../../kubernetes/workloads-behind.ts';

export const lastKnownGoodAnnotation = 'rollback-bouncer.dev/last-known-good';

const dayMs = 86_400_000;
const longestMs = 30 * dayMs;
const primarySuffix = '-primary';
/** Flagger moves traffic back to the primary in these phases. */
const fallingBack: readonly string[] = ['Progressing', 'Failed'];

/** A mark as its author wrote it, read; undefined without one. */
export function markOf({ annotations }: Workload, now: number): ParsedGrant | undefined {
  const text = annotations.get(lastKnownGoodAnnotation);
  return text === undefined ? undefined : parseGrant(text, { now, longestMs, keys: ['until', 'reason', 'incident'] });
}

/** All that is behind the destination was marked as what carried the traffic well before. */
export function isMarked(workloads: readonly Workload[], now: number): boolean {
  return workloads.length > 0 && workloads.every((workload) => markOf(workload, now)?.ok === true);
}

/** By the name that Flagger gives to the Service of its primary. */
export function mayBePrimary(service: string): boolean {
  return service.endsWith(primarySuffix);
}

/** A controller knows it as good: the stable release of a Rollout, the primary of a Canary that is being judged or has failed. */
export function isImplicit({ namespace, service, workloads }: Backing, { canaries }: Facts<'canaries'>): boolean {
  if (workloads.length > 0 && workloads.every(({ stable }) => stable)) return true;
  if (!mayBePrimary(service) || !canaries.known) return false;
  const target = service.slice(0, -primarySuffix.length);
  return canaries.value
    .by('target', workloadKey(namespace, 'Deployment', target))
    .some(({ phase }) => fallingBack.includes(phase));
}
