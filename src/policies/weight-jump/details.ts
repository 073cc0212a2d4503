import type { JsonObject } from '../../core/json.ts';
import type { Numbers } from './gain.ts';

/** A share of a rule that grows. */
export interface OfStep extends JsonObject {
  /** Name of the object under review. */
  readonly object: string;
  readonly rule: string;
  readonly destination: string;
  readonly fromPercent: number;
  readonly toPercent: number;
}

/** Where more ready pods come from. */
export interface Way extends JsonObject {
  readonly namespace: string;
  /** As kubectl takes it, `deployment/checkout-api`; empty when there is none, or several. */
  readonly workload: string;
  /** What to `kubectl get` to see them: `pods -l app=checkout`. */
  readonly selector: string;
  /** Whose modes decide. */
  readonly namespaces: readonly string[];
  readonly autoscaled: boolean;
}

/** What is defined instead. */
export interface UndefinedSubset extends JsonObject {
  readonly namespace: string;
  readonly service: string;
  /** Subsets that are, with commas. */
  readonly defined: string;
}

export type OfGain = OfStep & Numbers & Way;

export const step = ({ object, rule, destination, fromPercent, toPercent }: OfStep): string =>
  `${object} ${rule}: ${destination} ${fromPercent}% -> ${toPercent}%`;

export const moved = ({ object, rule, destination, toPercent }: OfStep): string =>
  `${object} ${rule}: ${destination} keeps ${toPercent}% on other pods,`;

export const counted = ({ needed, ready, desired }: OfGain): string =>
  `needs ${needed} ready pod${needed === 1 ? '' : 's'}, has ${ready} (desired ${desired})`;

export const cold = ({ needed, ready, warm }: OfGain): string =>
  `needs ${needed} warm pod${needed === 1 ? '' : 's'}, has ${warm} (${ready} ready)`;
