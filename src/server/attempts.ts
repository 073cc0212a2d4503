import type { Phase } from '../core/request.ts';

/**
 * How often a request uid was answered. The API server repeats a call after a 503 with the same uid, so the trail may hold
 * two lines for one decision; the number tells them apart.
 */
export interface Attempts {
  readonly count: (phase: Phase, uid: string) => number;
}

/** Remembers the last `capacity` uids: a repetition comes within the seconds of a webhook's timeout. */
export function createAttempts(capacity = 4096): Attempts {
  const seen = new Map<string, number>();
  return {
    count(phase, uid) {
      const key = `${phase} ${uid}`;
      const attempt = (seen.get(key) ?? 0) + 1;
      seen.set(key, attempt);
      if (seen.size > capacity) {
        const oldest = seen.keys().next();
        if (oldest.done !== true) seen.delete(oldest.value);
      }
      return attempt;
    },
  };
}
