import {
  known,
  unknown,
  type AnswerKey,
  type Fact,
  type FactCatalogue,
  type FactKey,
  type Facts,
  type LookupKey,
} from '../core/facts.ts';
import type { Identity, NamespaceObject } from '../core/objects.ts';
import type { AdmissionRequest } from '../core/request.ts';
import { deriveFact, evidentFact, factKinds, isLookup, objectUid, ownedReplicaSet, selectorOf } from './facts.ts';
import type { ReplicaSetItem } from './items/workloads.ts';
import { anyKind, anyStore } from './kinds.ts';
import type { Question } from './live-reads.ts';
import { noEvidence, noting, type Look } from './looks.ts';
import { isName } from './names.ts';
import { listQuestion, objectQuestion } from './questions.ts';
import { blame, isFresh, whyNot, type Sources } from './sources.ts';

/** `deadlineMs` is absolute, on the clock of the cluster. */
export interface Limits {
  readonly deadlineMs?: number;
}

export type ClusterGather = (needs: readonly FactKey[], request: AdmissionRequest, limits?: Limits) => Promise<Facts> | Facts;

/**
 * Answers from fresh stores at once, without a promise; anything else costs a live read, and what fails is unknown with its reason.
 * Lookups cost nothing here, whatever the age of their stores: what is looked up is noted, and `confirm` reads it where it must.
 */
export function createGather(sources: Sources): ClusterGather {
  return (needs, request, { deadlineMs = Number.POSITIVE_INFINITY } = {}) => {
    const found: Record<string, unknown> = {};
    const looks: Look[] = [];
    let waiting = false;
    for (const key of needs) {
      const fact = isLookup(key) ? lookupFact(key, looks, sources) : answerFact(key, request, sources, deadlineMs);
      waiting ||= fact instanceof Promise;
      found[key] = fact;
    }
    const recorded = (facts: Facts): Facts => {
      if (needs.some(isLookup)) sources.recordings.set(facts, { looks, evidence: noEvidence });
      return facts;
    };
    return waiting ? settle(found).then(recorded) : recorded(found as unknown as Facts);
  };
}

async function settle(found: Readonly<Record<string, unknown>>): Promise<Facts> {
  const entries = Object.entries(found).map(async ([key, fact]) => [key, await fact] as const);
  return Object.fromEntries(await Promise.all(entries)) as unknown as Facts;
}

/** A kind that was never listed is looked up as well, so that what to read shows. */
function lookupFact(key: LookupKey, looks: Look[], { stores, ageSeconds }: Sources): Fact<unknown> {
  return known(noting(key, anyStore(stores, key), looks, noEvidence.answered), ageSeconds(key) ?? Number.POSITIVE_INFINITY);
}

function answerFact(
  key: AnswerKey,
  request: AdmissionRequest,
  sources: Sources,
  deadlineMs: number,
): Fact<unknown> | Promise<Fact<unknown>> {
  const evident = evidentFact(key, request);
  if (evident !== undefined) return known(evident);
  // A question that makes no sense gets no answer from the cache either: only the API server's own reviews are complete.
  const asked = asks[key](request, sources);
  if (typeof asked === 'string') return unknown(asked);
  const age = sources.ageSeconds(factKinds[key]);
  const cached = isFresh(age) ? deriveFact(key, sources.stores, request) : undefined;
  if (cached !== undefined) return known(cached, age);
  return ask(asked, sources, { deadlineMs, prefix: blame(age) });
}

/** What to ask the API server, and what its answer says. */
interface Ask {
  readonly question: Question;
  /** What an answer of 404 means. */
  readonly absent: string | undefined;
  readonly value: (items: readonly Identity[]) => FactCatalogue[AnswerKey];
}

async function ask(
  { question, absent, value }: Ask,
  { readLive, now }: Sources,
  { deadlineMs, prefix }: { readonly deadlineMs: number; readonly prefix: string },
): Promise<Fact<unknown>> {
  const answer = await readLive(question, deadlineMs);
  if (answer.ok) return known(value(answer.items), Math.max(0, (now() - answer.startedAt) / 1000));
  return unknown(answer.statusCode === 404 && absent !== undefined ? absent : whyNot(answer, prefix));
}

const asks: Readonly<Record<AnswerKey, (request: AdmissionRequest, sources: Sources) => Ask | string>> = {
  namespaceLabels: ({ namespace }, { version }) =>
    isName(namespace)
      ? {
          question: objectQuestion(anyKind('namespaces'), version('namespaces'), '', namespace),
          absent: 'namespace not found',
          value: ([found]) => (found as NamespaceObject | undefined)?.labels ?? new Map<string, string>(),
        }
      : 'odd namespace name',
  ownedReplicaSets: (request, { version }) => {
    const uid = objectUid(request);
    if (!isName(request.namespace)) return 'odd namespace name';
    if (uid === '') return 'the object has no uid';
    const scope = { namespace: request.namespace, labelSelector: selectorOf(request) };
    return {
      question: listQuestion(anyKind('replicaSets'), version('replicaSets'), scope),
      absent: undefined,
      value: (items) =>
        (items as readonly ReplicaSetItem[]).filter(({ controller }) => controller?.uid === uid).map(ownedReplicaSet),
    };
  },
};
