import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds that never jump. */
  readonly now: () => number;
  /** Resolves early when the signal is aborted; never rejects. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  random: () => Math.random(),
};

type Range = readonly [from: number, to: number];

export interface Timing {
  readonly pageLimit: number;
  readonly listMs: number;
  /** What the API server is asked for, in whole seconds: so often it is heard even about a kind where nothing happens. */
  readonly watchSeconds: Range;
  readonly openMs: number;
  /** A stream may be silent for its own length and this much more. */
  readonly graceMs: number;
  /** A watch that ends sooner counts as failed when the pause before the next one is chosen. */
  readonly shortWatchMs: number;
  readonly backoffMs: Range;
  /** Between two looks for a kind that is not there: no longer than a watch, for the same reason. */
  readonly missingMs: Range;
  /** A list from time to time heals what a watch can lose without a sign: an etcd restored from a backup, a line that client-node skips. */
  readonly relistMs: Range;
}

/**
 * Facts are fresh for 10 s, so the longest regular silence is a watch of 8 s.
 * Bookmarks cannot be relied on for that: measured on Kubernetes, a watch of up to 12 s about a quiet kind brings none.
 */
export const defaultTiming: Timing = {
  pageLimit: 500,
  listMs: 30_000,
  watchSeconds: [5, 8],
  openMs: 5_000,
  graceMs: 2_000,
  shortWatchMs: 1_000,
  backoffMs: [250, 8_000],
  missingMs: [5_000, 8_000],
  relistMs: [1_200_000, 1_800_000],
};

export function jittered([from, to]: Range, random: () => number): number {
  return from + (to - from) * random();
}

/** Doubles from the shortest to the longest pause, and takes between half and all of it, so that replicas do not come back in step. */
export function nextBackoffMs(failures: number, [shortest, longest]: Range, random: () => number): number {
  const whole = Math.min(longest, shortest * 2 ** Math.min(failures - 1, 30));
  return jittered([whole / 2, whole], random);
}
