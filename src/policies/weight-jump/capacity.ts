import type { Backing } from '../../kubernetes/destination.ts';

/** Part of the needed capacity that must be ready: not all of it, because readiness comes and goes. */
export const capacityFactor = 0.8;
/** Where others decide about the number of pods, or the way leads back: half. */
export const leanFactor = 0.5;
/** A destination with less of the traffic than this says little about what all of it needs. */
const qualifyingShare = 0.2;
const epsilon = 1e-9;

/** A destination that served before the change. */
export interface Carrier {
  /** Of the rule's traffic, 0 to 1; undefined when nobody knows, because there was no route. */
  readonly share: number | undefined;
  readonly backing: Backing;
}

/** How many ready pods all of a rule's traffic needs, and who said so. */
export interface Base {
  readonly pods: number;
  /** Autoscalers move the number of pods: it is what the load needed until now, not what was planned. */
  readonly floating: boolean;
}

/**
 * The size that carries all of the traffic. An Argo Rollout says it itself. Fixed Deployments: what each carrier would need for all,
 * by its share, the smallest such answer, and never more than the largest carrier has. Under an autoscaler the answer by share alone.
 * Checked against Argo's own contract, stable N and canary ceil(w x N) ready, in test/policies/weight-jump-capacity.test.ts.
 */
export function baseOf(carriers: readonly Carrier[], target: Backing): Base | undefined {
  if (carriers.length === 0) return rolloutOf(target);
  const ofAll = [target, ...qualifying(carriers).map(({ backing }) => backing)].map(rolloutOf);
  const [first] = ofAll;
  if (first !== undefined && ofAll.every((one) => one?.name === first.name)) return { pods: first.pods, floating: false };
  const workloads = [target, ...carriers.map(({ backing }) => backing)].flatMap((backing) => backing.workloads);
  const floating = workloads.some(({ kind, autoscaled }) => kind === 'Deployment' && autoscaled);
  const largest = Math.max(...carriers.map(({ backing }) => backing.ready));
  const byShare = sizeByShare(carriers);
  if (byShare === undefined) return { pods: largest, floating };
  return { pods: floating ? byShare : Math.min(byShare, largest), floating };
}

/** The Rollout that owns all of the pods. */
function rolloutOf({ workloads, namespace }: Backing): (Base & { readonly name: string }) | undefined {
  const [only] = workloads;
  if (only?.kind !== 'Rollout' || workloads.length > 1) return undefined;
  return { pods: only.replicas, floating: false, name: `${namespace}/${only.name}` };
}

function qualifying(carriers: readonly Carrier[]): readonly Carrier[] {
  const large = carriers.filter(({ share }) => share === undefined || share >= qualifyingShare - epsilon);
  return large.length > 0 ? large : carriers;
}

function sizeByShare(carriers: readonly Carrier[]): number | undefined {
  const shared = carriers.flatMap(({ share, backing }) => (share === undefined ? [] : [{ share, ready: backing.ready }]));
  const large = shared.filter(({ share }) => share >= qualifyingShare - epsilon);
  const asked = large.length > 0 ? large : shared.toSorted((a, b) => b.share - a.share).slice(0, 1);
  return asked.length === 0 ? undefined : Math.min(...asked.map(({ share, ready }) => ready / share));
}

/** Ready pods that a share of the traffic needs, at least one. */
export function neededPods(share: number, base: number, factor: number): number {
  return Math.max(1, Math.ceil(factor * share * base - epsilon));
}

/** The largest whole percentage for which `neededPods` is at most `pods`. */
export function largestPercent(pods: number, base: number, factor: number): number {
  if (pods <= 0) return 0;
  return base <= 0 ? 100 : Math.min(100, Math.floor((100 * pods) / (factor * base) + epsilon));
}

/** Pods of a backing that have been ready for long enough, and how long until so many are; undefined when there are not enough. */
export interface Warmth {
  readonly warm: number;
  readonly secondsUntil: (pods: number) => number | undefined;
}

export function warmthOf({ ready, readySince }: Backing, now: number, warmSeconds: number): Warmth {
  const left = readySince.map((since) => Math.max(0, warmSeconds - Math.max(0, now - since) / 1000)).toSorted((a, b) => a - b);
  // Endpoints that are no pods tell no time, and never will.
  const timeless = ready - left.length;
  return {
    warm: timeless + left.filter((seconds) => seconds === 0).length,
    secondsUntil: (pods) => (pods > ready ? undefined : Math.ceil(pods <= timeless ? 0 : (left[pods - timeless - 1] ?? 0))),
  };
}
