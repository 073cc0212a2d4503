import { denialKey, type Denial } from '../core/denial.ts';
import type { JsonObject } from '../core/json.ts';
import { toApiError, type ApiError } from './api-error.ts';
import type { Client } from './client.ts';
import { denialEvent, eventNamespace } from './event-object.ts';
import type { Clock } from './timing.ts';

/** What became of the denials that were reported; they only grow. */
export interface EventCounts {
  readonly written: number;
  /** The object has an Event that says the same. */
  readonly repeated: number;
  /** Too many at once, or stopping. */
  readonly dropped: number;
  readonly failed: number;
}

export interface EventFailure {
  readonly namespace: string;
  readonly error: ApiError;
  /** Since the last time this was told, this one included. */
  readonly failures: number;
}

/** Denials as Events of the objects they are about: best effort, and nothing waits for it. */
export interface Events {
  /** Returns at once and never throws. */
  readonly report: (denial: Denial) => void;
  readonly counts: () => EventCounts;
  /** Cuts what is under way, forgets what waits, and takes nothing any more. */
  readonly stop: () => Promise<void>;
}

export interface EventOptions {
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number;
  /** The replica that reports: at most 128 characters, not empty. */
  readonly instance?: string;
  /** At most once a minute. Must not throw. */
  readonly onError?: (failure: EventFailure) => void;
}

export interface EventParts extends EventOptions {
  readonly client: Pick<Client, 'postJson'>;
  readonly clock: Pick<Clock, 'now' | 'random'>;
}

export const eventLimits = {
  /** An object has one Event for the same findings in that time. */
  repeatMs: 600_000,
  /** Objects with their findings that are remembered for that. */
  remembered: 1000,
  perSecond: 10,
  burst: 30,
  inFlight: 4,
  queued: 30,
  timeoutMs: 1500,
  tellMs: 60_000,
} as const;

export function createEvents(parts: EventParts): Events {
  const { client, clock, wallClock = Date.now, instance = 'rollback-bouncer', onError = () => undefined } = parts;
  const counts = { written: 0, repeated: 0, dropped: 0, failed: 0 };
  const remembered = createMemory(clock.now);
  const takeToken = createBucket(clock.now);
  const tell = createTeller(clock.now, onError);
  const stopping = new AbortController();
  let made = 0;
  const write = async (denial: Denial, key: string): Promise<void> => {
    made += 1;
    try {
      const stamp = { atMs: wallClock(), count: made, random: clock.random(), instance };
      await post(client, denialEvent(denial, stamp), eventNamespace(denial), stopping.signal);
      counts.written += 1;
    } catch (error) {
      // There is no Event, so the next denial may try again.
      remembered.forget(key);
      counts.failed += 1;
      if (!stopping.signal.aborted) tell(eventNamespace(denial), toApiError(error));
    }
  };
  const queue = createQueue();
  return {
    report: (denial) => {
      const key = denialKey(denial);
      if (remembered.has(key)) counts.repeated += 1;
      else if (stopping.signal.aborted || !queue.hasRoom() || !takeToken()) counts.dropped += 1;
      else {
        remembered.add(key);
        queue.add(() => write(denial, key));
      }
    },
    counts: () => ({ ...counts }),
    stop: async () => {
      stopping.abort();
      counts.dropped += queue.clear();
      await queue.idle();
    },
  };
}

async function post(client: Pick<Client, 'postJson'>, event: JsonObject, namespace: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  await client.postJson(path, { fieldManager: 'rollback-bouncer' }, event, { signal, timeoutMs: eventLimits.timeoutMs });
}

interface Memory {
  readonly has: (key: string) => boolean;
  readonly add: (key: string) => void;
  readonly forget: (key: string) => void;
}

/** Keys for a fixed time from when they were added; beyond the limit, the one that was not asked for longest goes. */
function createMemory(now: () => number): Memory {
  const untils = new Map<string, number>();
  return {
    has: (key) => {
      const until = untils.get(key);
      if (until === undefined) return false;
      untils.delete(key);
      if (until <= now()) return false;
      untils.set(key, until);
      return true;
    },
    add: (key) => {
      untils.set(key, now() + eventLimits.repeatMs);
      const [oldest] = untils.keys();
      if (untils.size > eventLimits.remembered && oldest !== undefined) untils.delete(oldest);
    },
    forget: (key) => untils.delete(key),
  };
}

/** Gives a token or not; it begins full. */
function createBucket(now: () => number): () => boolean {
  let tokens = 0;
  let filledAt = -Infinity;
  return () => {
    const at = now();
    tokens = Math.min(eventLimits.burst, tokens + ((at - filledAt) / 1000) * eventLimits.perSecond);
    filledAt = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

/** The first failure at once, then one a minute with the count of those in between. */
function createTeller(now: () => number, onError: (failure: EventFailure) => void): (namespace: string, error: ApiError) => void {
  let failures = 0;
  let quietUntil = -Infinity;
  return (namespace, error) => {
    failures += 1;
    if (now() < quietUntil) return;
    onError({ namespace, error, failures });
    failures = 0;
    quietUntil = now() + eventLimits.tellMs;
  };
}

interface Queue {
  readonly hasRoom: () => boolean;
  /** To be run at once or later. Jobs must not reject. */
  readonly add: (job: () => Promise<void>) => void;
  /** Forgets what waits and says how much that was. */
  readonly clear: () => number;
  readonly idle: () => Promise<void>;
}

function createQueue(): Queue {
  const waiting: (() => Promise<void>)[] = [];
  let underWay = 0;
  const runs = new Set<Promise<void>>();
  const run = async (): Promise<void> => {
    underWay += 1;
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job();
    // In the same turn as the last look, or a job could be added that nobody runs.
    underWay -= 1;
  };
  return {
    hasRoom: () => underWay < eventLimits.inFlight || waiting.length < eventLimits.queued,
    add: (job) => {
      waiting.push(job);
      if (underWay >= eventLimits.inFlight) return;
      const running = run();
      runs.add(running);
      void running.then(() => runs.delete(running));
    },
    clear: () => waiting.splice(0).length,
    idle: async () => {
      await Promise.all(runs);
    },
  };
}
