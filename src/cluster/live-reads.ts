import type { JsonObject } from '../core/json.ts';
import type { Identity } from '../core/objects.ts';
import { toApiError } from './api-error.ts';
import type { Client, Query } from './client.ts';

export interface Question {
  readonly path: string;
  readonly query: Query;
  /** What the answer holds. Throws an ApiError for one that makes no sense. Equal questions must be read alike. */
  readonly read: (body: JsonObject) => readonly Identity[];
  /** How often the cache of that kind has changed: an answer from before a change is not given again. */
  readonly changes?: () => number;
}

export type LiveRead =
  | {
      readonly ok: true;
      readonly items: readonly Identity[];
      /** When the read was begun: what it says is not older. */
      readonly startedAt: number;
    }
  | {
      readonly ok: false;
      readonly why: string;
      readonly statusCode: number | undefined;
      /** There is no such object; the path itself was understood. */
      readonly absent: boolean;
    };

/** One question to the API server, never waiting beyond the deadline (ms, on the clock of `now`); never rejects. */
export type ReadLive = (question: Question, deadlineMs: number) => Promise<LiveRead>;

export interface LiveReadLimits {
  readonly now: () => number;
  readonly inFlight?: number;
  /** Questions that wait for their turn. */
  readonly queued?: number;
  readonly timeoutMs?: number;
  /** How long an answer is good for the same question. */
  readonly reuseMs?: number;
  /** Objects kept for that in all. */
  readonly keptItems?: number;
}

export const tooManyReads = 'too many live reads';

/** A question on its way, with everybody who waits for the answer. */
interface Flight {
  readonly key: string;
  readonly question: Question;
  readonly answer: Promise<LiveRead>;
  readonly land: (answer: LiveRead) => void;
  readonly changesBefore: number | undefined;
  /** Of the most patient. */
  deadlineMs: number;
}

/**
 * Equal questions share one read, and an answer serves for a second: a denied change comes again at once, from the other webhook too.
 * Few reads are under way; the others queue. A read goes on for its own timeout when the one who asked first has no more
 * time: the next one may still profit from it.
 */
export function createLiveReads(client: Pick<Client, 'getJson'>, limits: LiveReadLimits): ReadLive {
  const { now, inFlight = 8, queued = 512, timeoutMs = 1500 } = limits;
  const flights = new Map<string, Flight>();
  const answers = createAnswers(limits);
  const enqueue = createQueue(inFlight, queued);
  const fly = async (flight: Flight): Promise<void> => {
    // Nobody may be waiting for it any more.
    const answer = flight.deadlineMs <= now() ? refused('no time left') : await read(client, flight.question, { now, timeoutMs });
    if (flights.get(flight.key) === flight) flights.delete(flight.key);
    answers.keep(flight.key, answer, flight.changesBefore);
    flight.land(answer);
  };
  const depart = (key: string, question: Question, deadlineMs: number): Flight | undefined => {
    const { promise, resolve } = Promise.withResolvers<LiveRead>();
    const changesBefore = question.changes?.();
    const flight: Flight = { key, question, answer: promise, land: resolve, changesBefore, deadlineMs };
    // Before its turn comes, which may be at once.
    flights.set(key, flight);
    if (enqueue(() => fly(flight))) return flight;
    flights.delete(key);
    return undefined;
  };
  return (question, deadlineMs) => {
    const key = JSON.stringify([question.path, question.query]);
    const changes = question.changes?.();
    const kept = answers.get(key, changes);
    if (kept !== undefined) return Promise.resolve(kept);
    const leftMs = deadlineMs - now();
    if (leftMs <= 0) return Promise.resolve(refused('no time left'));
    const open = flights.get(key);
    const flight = open !== undefined && open.changesBefore === changes ? open : depart(key, question, deadlineMs);
    if (flight === undefined) return Promise.resolve(refused(tooManyReads));
    flight.deadlineMs = Math.max(flight.deadlineMs, deadlineMs);
    return within(flight.answer, leftMs);
  };
}

/** One read, from its departure. */
async function read(
  client: Pick<Client, 'getJson'>,
  question: Question,
  { now, timeoutMs }: { readonly now: () => number; readonly timeoutMs: number },
): Promise<LiveRead> {
  const startedAt = now();
  const body = client.getJson(question.path, question.query, { timeoutMs });
  const answer = body.then((json): LiveRead => ({ ok: true, items: question.read(json), startedAt })).catch(failed);
  return within(answer, timeoutMs);
}

/** Takes a job, to be run at once or later, or says that too many wait. Jobs must not reject. */
function createQueue(atOnce: number, longest: number): (job: () => Promise<void>) => boolean {
  const waiting: (() => Promise<void>)[] = [];
  let underWay = 0;
  const run = async (first: () => Promise<void>): Promise<void> => {
    underWay += 1;
    for (let job: typeof first | undefined = first; job !== undefined; job = waiting.shift()) await job();
    underWay -= 1;
  };
  return (job) => {
    if (underWay < atOnce) void run(job);
    else if (waiting.length >= longest) return false;
    else waiting.push(job);
    return true;
  };
}

interface Answers {
  readonly get: (key: string, changes: number | undefined) => LiveRead | undefined;
  readonly keep: (key: string, answer: LiveRead, changes: number | undefined) => void;
}

/** Good answers, for a short time and up to a number of objects: what is more is read again. */
function createAnswers({ now, reuseMs = 1000, keptItems = 2000 }: LiveReadLimits): Answers {
  const kept = new Map<
    string,
    LiveRead & { readonly weight: number; readonly until: number; readonly changes: number | undefined }
  >();
  let room = keptItems;
  const drop = (key: string): void => {
    room += kept.get(key)?.weight ?? 0;
    kept.delete(key);
  };
  return {
    get: (key, changes) => {
      const found = kept.get(key);
      return found !== undefined && now() < found.until && found.changes === changes ? found : undefined;
    },
    keep: (key, answer, changes) => {
      drop(key);
      const weight = answer.ok ? answer.items.length + 1 : Infinity;
      if (weight > room) return;
      room -= weight;
      const answered = { ...answer, weight, until: now() + reuseMs, changes };
      kept.set(key, answered);
      setTimeout(() => {
        if (kept.get(key) === answered) drop(key);
      }, reuseMs).unref();
    },
  };
}

async function within(answer: Promise<LiveRead>, milliseconds: number): Promise<LiveRead> {
  if (milliseconds === Number.POSITIVE_INFINITY) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<LiveRead>((resolve) => {
    timer = setTimeout(() => resolve(refused('timeout')), milliseconds);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** An answer that there is none. */
export function refused(why: string): LiveRead {
  return { ok: false, why, statusCode: undefined, absent: false };
}

function failed(error: unknown): LiveRead {
  const { reason, statusCode } = toApiError(error);
  const why = statusCode === undefined ? reason : `HTTP ${statusCode}`;
  // A path that is not served is answered in plain text, an object that is not there with its reason.
  return { ok: false, why, statusCode, absent: statusCode === 404 && reason === 'NotFound' };
}
