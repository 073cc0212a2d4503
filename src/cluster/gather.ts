import { known, unknown, type Fact, type FactCatalogue, type FactKey, type Facts } from '../core/facts.ts';
import { asList, asObject, own, type JsonObject } from '../core/json.ts';
import type { AdmissionRequest } from '../core/request.ts';
import type { Query } from './client.ts';
import { deriveFact, evidentFact, factKinds, objectUid, ownedReplicaSet, selectorOf } from './facts.ts';
import { kinds, type KindName, type Stores } from './kinds.ts';
import { tooManyReads, type LiveRead, type ReadLive } from './live-reads.ts';

/** How old a cache may be to be believed: seconds since the last word of the API server. */
export const freshSeconds = 10;

export interface GatherSources {
  readonly stores: Stores;
  /** Seconds since the last contact of a kind that was listed at least once; undefined before that, or when it is not watched. */
  readonly ageSeconds: (kind: KindName) => number | undefined;
  readonly readLive: ReadLive;
  readonly now: () => number;
}

/** `deadlineMs` is absolute, on the clock of `now`. */
export type ClusterGather = (
  needs: readonly FactKey[],
  request: AdmissionRequest,
  limits?: { readonly deadlineMs?: number },
) => Promise<Facts> | Facts;

/** Facts from fresh stores at once, without a promise; anything else costs a live read, and what fails is unknown with its reason. */
export function createGather(sources: GatherSources): ClusterGather {
  return (needs, request, { deadlineMs = Number.POSITIVE_INFINITY } = {}) => {
    const found: Record<string, unknown> = {};
    let waiting = false;
    for (const key of needs) {
      const fact = factOf(key, request, sources, deadlineMs);
      waiting ||= fact instanceof Promise;
      found[key] = fact;
    }
    return waiting ? settle(found) : (found as unknown as Facts);
  };
}

async function settle(found: Readonly<Record<string, unknown>>): Promise<Facts> {
  const entries = Object.entries(found).map(async ([key, fact]) => [key, await fact] as const);
  return Object.fromEntries(await Promise.all(entries)) as unknown as Facts;
}

function factOf(
  key: FactKey,
  request: AdmissionRequest,
  sources: GatherSources,
  deadlineMs: number,
): Fact<unknown> | Promise<Fact<unknown>> {
  const evident = evidentFact(key, request);
  if (evident !== undefined) return known(evident);
  // A question that makes no sense gets no answer from the cache either: only the API server's own reviews are complete.
  const question = questions[key](request);
  if (typeof question === 'string') return unknown(question);
  const age = sources.ageSeconds(factKinds[key]);
  const fresh = age !== undefined && age <= freshSeconds;
  const cached = fresh ? deriveFact(key, sources.stores, request) : undefined;
  if (cached !== undefined) return known(cached, age);
  return ask(question, sources, { deadlineMs, blame: fresh ? '' : `${blame(age)}; ` });
}

function blame(age: number | undefined): string {
  return age === undefined ? 'never synced' : `no contact for ${Math.floor(age)} s`;
}

/** What to ask the API server, and what its answer says; `undefined` when the answer makes no sense. */
interface Question {
  readonly path: string;
  readonly query: Query;
  readonly absent: string | undefined;
  readonly read: (body: JsonObject) => FactCatalogue[FactKey] | undefined;
}

async function ask(
  question: Question,
  { readLive, now }: GatherSources,
  { deadlineMs, blame: prefix }: { readonly deadlineMs: number; readonly blame: string },
): Promise<Fact<unknown>> {
  const answer = await readLive(question.path, question.query, deadlineMs);
  if (!answer.ok) return unknown(whyNot(answer, question, prefix));
  const value = question.read(answer.body);
  if (value === undefined) return unknown(`${prefix}live read: odd answer`);
  return known(value, Math.max(0, (now() - answer.startedAt) / 1000));
}

function whyNot(answer: LiveRead & { readonly ok: false }, { absent }: Question, prefix: string): string {
  if (answer.why === tooManyReads) return tooManyReads;
  if (answer.statusCode === 404 && absent !== undefined) return absent;
  return `${prefix}live read: ${answer.why}`;
}

const questions: Readonly<Record<FactKey, (request: AdmissionRequest) => Question | string>> = {
  namespaceLabels: ({ namespace }) =>
    isName(namespace)
      ? {
          path: `/api/v1/namespaces/${namespace}`,
          query: {},
          absent: 'namespace not found',
          read: (body) => kinds.namespaces.project(body)?.labels,
        }
      : 'odd namespace name',
  ownedReplicaSets: (request) => {
    const uid = objectUid(request);
    if (!isName(request.namespace)) return 'odd namespace name';
    if (uid === '') return 'the object has no uid';
    const path = `/apis/apps/v1/namespaces/${request.namespace}/replicasets`;
    return { path, query: { labelSelector: selectorOf(request) }, absent: undefined, read: (body) => ownedIn(body, uid) };
  },
};

/** A name goes into a path: whoever posts reviews must not choose what is read with our rights. */
function isName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name);
}

function ownedIn(list: JsonObject, uid: string): FactCatalogue['ownedReplicaSets'] | undefined {
  const items = own(list, 'items');
  if (!Array.isArray(items)) return undefined;
  const replicaSets = asList(items).flatMap((item) => kinds.replicaSets.project(asObject(item) ?? {}) ?? []);
  return replicaSets.filter(({ controller }) => controller?.uid === uid).map(ownedReplicaSet);
}
