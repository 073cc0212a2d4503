import type { JsonObject } from '../core/json.ts';
import { toApiError } from './api-error.ts';
import type { Client, Query } from './client.ts';

export type LiveRead =
  | {
      readonly ok: true;
      readonly body: JsonObject;
      /** When the read was begun: what it says is not older. */ readonly startedAt: number;
    }
  | { readonly ok: false; readonly why: string; readonly statusCode: number | undefined };

/** One question to the API server, never waiting beyond the deadline (ms, on the clock of `now`); never rejects. */
export type ReadLive = (path: string, query: Query, deadlineMs: number) => Promise<LiveRead>;

export interface LiveReadLimits {
  readonly now: () => number;
  readonly inFlight?: number;
  readonly timeoutMs?: number;
}

export const tooManyReads = 'too many live reads';

/**
 * Equal questions share one read. A read goes on for its own timeout when the one who asked first has no more time:
 * the next one may still profit from it.
 */
export function createLiveReads(client: Pick<Client, 'getJson'>, limits: LiveReadLimits): ReadLive {
  const { now, inFlight = 8, timeoutMs = 1500 } = limits;
  const flights = new Map<string, Promise<LiveRead>>();
  const depart = (path: string, query: Query, key: string): Promise<LiveRead> => {
    const startedAt = now();
    const flight = client
      .getJson(path, query, { timeoutMs })
      .then((body): LiveRead => ({ ok: true, body, startedAt }), failed)
      .finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
  return (path, query, deadlineMs) => {
    const key = JSON.stringify([path, query]);
    const shared = flights.get(key);
    const leftMs = deadlineMs - now();
    if (leftMs <= 0) return Promise.resolve({ ok: false, why: 'no time left', statusCode: undefined });
    if (shared === undefined && flights.size >= inFlight)
      return Promise.resolve({ ok: false, why: tooManyReads, statusCode: undefined });
    return within(shared ?? depart(path, query, key), Math.min(leftMs, timeoutMs));
  };
}

async function within(flight: Promise<LiveRead>, milliseconds: number): Promise<LiveRead> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<LiveRead>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, why: 'timeout', statusCode: undefined }), milliseconds);
  });
  return Promise.race([flight, late]).finally(() => clearTimeout(timer));
}

function failed(error: unknown): LiveRead {
  const { reason, statusCode } = toApiError(error);
  return { ok: false, why: statusCode === undefined ? reason : `HTTP ${statusCode}`, statusCode };
}
