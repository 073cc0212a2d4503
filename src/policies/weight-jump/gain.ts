import type { Effect } from '../../core/finding.ts';
import type { Backing } from '../../kubernetes/destination.ts';
import {
  baseOf,
  capacityFactor,
  largestPercent,
  leanFactor,
  neededPods,
  warmthOf,
  type Base,
  type Carrier,
  type Warmth,
} from './capacity.ts';

/** A destination whose share of a rule's traffic grows, and everything that decides whether it may. */
export interface Gain {
  /** New share of the rule's traffic, 0 to 1. */
  readonly to: number;
  readonly target: Backing;
  /** Who served that traffic until now, with at least one ready pod. */
  readonly carriers: readonly Carrier[];
  /** Somebody serves that traffic now, though perhaps where it cannot be counted. */
  readonly served: boolean;
  /** Nobody knows what the load needs: there was no route, or these requests were served by another Service among others. */
  readonly unmeasured: boolean;
  readonly lastKnownGood: 'marked' | 'implicit' | undefined;
  /** Who loses the traffic cannot serve it. */
  readonly sourceBroken: boolean;
  /** A controller of traffic asks. */
  readonly controller: boolean;
  /** Ready pods may be in clusters that are not seen. */
  readonly multiCluster: boolean;
  readonly warmSeconds: number;
  /** Percent. */
  readonly warmAbove: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Numbers {
  readonly ready: number;
  readonly warm: number;
  readonly desired: number;
  /** Ready pods that the new share needs; 1 when no base is known. */
  readonly needed: number;
  /** Ready pods that all of the traffic needs; absent when nobody served it. */
  readonly base?: number;
  /** Percent of the rule's traffic that would pass now. */
  readonly maxAllowedPercent: number;
  /** Part of the capacity that is asked for. */
  readonly factor: number;
  /** Until enough pods are warm; absent when time alone does not help. */
  readonly warmInSeconds?: number;
}

export type GainCode =
  | 'target-no-ready-endpoints'
  | 'target-undersized'
  | 'target-cold'
  | 'source-broken'
  | 'nothing-ready-anywhere'
  | 'rollback-to-lkg'
  | 'growth-fits';

export interface Judged {
  readonly code: GainCode;
  readonly effect: Effect;
  readonly numbers: Numbers;
}

/** May this share grow? Steps 4 to 7 of the algorithm: readiness, then who may pass for what reason, then capacity and warmth. */
export function judgeGain(gain: Gain): Judged {
  // From nothing to something is no jump, however large the whole is meant to be.
  const base = gain.served ? baseOf(gain.carriers, gain.target) : undefined;
  const warmth = warmthOf(gain.target, gain.now, gain.warmSeconds);
  const held = numbersOf(gain, { base, warmth, factor: factorFor(gain, base) });
  if (gain.target.ready === 0) return unready(gain, held);
  const fault = gain.served ? faultOf(gain, held) : undefined;
  if (fault !== undefined) return refused(fault, gain, held);
  const full = held.factor === capacityFactor ? held : numbersOf(gain, { base, warmth, factor: capacityFactor });
  const shy = gain.controller || base === undefined ? undefined : faultOf(gain, full);
  const { maxAllowedPercent } = held;
  if (shy !== undefined) return { code: shy, effect: 'warn', numbers: { ...full, maxAllowedPercent } };
  return { code: reasonToPass(gain), effect: 'info', numbers: held };
}

function reasonToPass({ lastKnownGood, sourceBroken, served }: Gain): GainCode {
  if (lastKnownGood !== undefined) return 'rollback-to-lkg';
  return sourceBroken && served ? 'source-broken' : 'growth-fits';
}

function unready({ served, multiCluster }: Gain, numbers: Numbers): Judged {
  if (!served) return { code: 'nothing-ready-anywhere', effect: 'warn', numbers };
  return { code: 'target-no-ready-endpoints', effect: multiCluster ? 'warn' : 'deny', numbers };
}

function refused(code: GainCode, gain: Gain, numbers: Numbers): Judged {
  if (gain.lastKnownGood === 'marked' || gain.unmeasured) return { code, effect: 'warn', numbers };
  return gain.sourceBroken ? { code: 'source-broken', effect: 'warn', numbers } : { code, effect: 'deny', numbers };
}

/** Controllers, the way back and a floating base are held to half: https://github.com/argoproj/argo-rollouts/issues/3941. */
function factorFor({ controller, lastKnownGood }: Gain, base: Base | undefined): number {
  return controller || lastKnownGood !== undefined || base?.floating === true ? leanFactor : capacityFactor;
}

/** Who is held to half because of who it is, is asked to be warm only where all of the capacity is. */
function faultOf(gain: Gain, { ready, warm, needed, factor }: Numbers): GainCode | undefined {
  if (ready < needed) return 'target-undersized';
  const excused = gain.controller || (gain.lastKnownGood !== undefined && factor === leanFactor);
  return !excused && asksWarmth(gain) && warm < needed ? 'target-cold' : undefined;
}

function asksWarmth({ to, warmAbove }: Gain): boolean {
  return to * 100 > warmAbove + 1e-9;
}

interface Measures {
  readonly base: Base | undefined;
  readonly factor: number;
  readonly warmth: Warmth;
}

function numbersOf(gain: Gain, { base, factor, warmth }: Measures): Numbers {
  const { ready, desired } = gain.target;
  const { warm } = warmth;
  // Without a base one pod is enough for any share, as far as anybody knows.
  const largest = (count: number): number =>
    base === undefined ? (count > 0 ? 100 : 0) : largestPercent(count, base.pods, factor);
  const needed = base === undefined ? 1 : neededPods(gain.to, base.pods, factor);
  const excused = gain.controller || gain.lastKnownGood !== undefined || !gain.served;
  const whileCold = Math.min(largest(ready), Math.floor(gain.warmAbove));
  const maxAllowedPercent = excused ? largest(ready) : Math.max(largest(warm), whileCold);
  const warmInSeconds = ready >= needed && warm < needed ? warmth.secondsUntil(needed) : undefined;
  return {
    ready,
    warm,
    desired,
    needed,
    factor,
    ...(base !== undefined && { base: Math.round(base.pods * 10) / 10 }),
    maxAllowedPercent,
    ...(warmInSeconds !== undefined && { warmInSeconds }),
  };
}
