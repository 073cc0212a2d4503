import { asText, asList, at, own, type JsonObject } from '../../core/json.ts';
import { parseTime } from '../../core/time.ts';
import type { WeightJumpConfig } from './config.ts';

const epsilonPercent = 0.5;

/** The rung that comes next after a percentage: the smallest one clearly above it, 100 at the top. */
export function nextRung(percent: number, ladder: readonly number[]): number {
  return Math.min(100, ...ladder.filter((rung) => rung > percent + epsilonPercent));
}

export interface Climb {
  readonly fromPercent: number;
  readonly toPercent: number;
  /** When the shares of the rule were set as they are, ms since the epoch; undefined when nobody knows. */
  readonly since: number | undefined;
  readonly now: number;
}

export type Misstep =
  | { readonly code: 'ladder-skip'; readonly rungPercent: number }
  | { readonly code: 'ladder-dwell'; readonly seconds: number; readonly dwellSeconds: number };

/** Does a step leave out a rung, or leave one too soon? */
export function misstep(climb: Climb, { ladderPercent, dwellSeconds }: WeightJumpConfig): Misstep | undefined {
  const { fromPercent, toPercent, since, now } = climb;
  const rungPercent = nextRung(fromPercent, ladderPercent);
  if (toPercent > rungPercent + epsilonPercent) return { code: 'ladder-skip', rungPercent };
  if (fromPercent <= 0 || since === undefined) return undefined;
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return seconds < dwellSeconds ? { code: 'ladder-dwell', seconds, dwellSeconds } : undefined;
}

/**
 * When the spec was last written: the newest entry of managedFields that owns some of it. Another field of the same owner moves
 * the time too, so a rung may seem younger than it is, never older.
 */
export function specWrittenAt(object: JsonObject | undefined): number | undefined {
  const entries = asList(at(object, 'metadata', 'managedFields'));
  const times = entries.flatMap((entry) => {
    const ownsSpec = own(own(entry, 'fieldsV1'), 'f:spec') !== undefined && (asText(own(entry, 'subresource')) ?? '') === '';
    return ownsSpec ? (parseTime(asText(own(entry, 'time')) ?? '') ?? []) : [];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}
