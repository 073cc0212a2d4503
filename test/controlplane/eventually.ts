import { setTimeout as sleep } from 'node:timers/promises';

/** How long to try; `what` completes the sentence "did not see …". */
export interface Patience {
  readonly what: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Ask again and again until `check` gives something other than false, undefined or null, and return that.
 * @throws after `timeoutMs` (default 30,000), saying what was missing and the last answer or error.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { what, timeoutMs = 30_000, intervalMs = 100 }: Patience,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + timeoutMs;
  let last: string;
  do {
    try {
      const value = await check();
      if (value !== false && value !== undefined && value !== null) return value as Exclude<T, false | undefined | null>;
      last = `last answer: ${String(value)}`;
    } catch (error) {
      if (error instanceof GaveUp) throw error;
      last = `last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(intervalMs);
  } while (Date.now() < deadline);
  throw new Error(`did not see ${what} within ${timeoutMs} ms; ${last}`);
}

/** Thrown by a check to end `eventually` at once, because waiting longer is of no use. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}
