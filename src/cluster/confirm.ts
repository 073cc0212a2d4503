import { known, unknown, type Fact, type FactKey, type Facts } from '../core/facts.ts';
import { isLookup } from './facts.ts';
import type { Limits } from './gather.ts';
import { anyStore, type KindName } from './kinds.ts';
import { refused, type LiveRead } from './live-reads.ts';
import { lookKey, noting, type Evidence, type Look, type Recording } from './looks.ts';
import { rereadOf } from './rereads.ts';
import { blame, isFresh, tooManyObjects, whyNot, type Sources } from './sources.ts';

/** See `Confirm` in core/review.ts; here with the deadline of the request. */
export type ClusterConfirm = (facts: Facts, denied: boolean, limits?: Limits) => Promise<Facts> | undefined;

/** Calls to the API server for one review: whoever writes objects must not make us read a namespace one by one. */
const mostReads = 48;

/**
 * Reads what was looked up again: before a denial all of it, else what came from a cache that was not heard of for too long.
 * Each look is read once in a review, so that a verdict that stays a denial comes to an end.
 */
export function createConfirm(sources: Sources): ClusterConfirm {
  return (facts, denied, { deadlineMs = Number.POSITIVE_INFINITY } = {}) => {
    const recording = sources.recordings.get(facts);
    if (recording === undefined) return undefined;
    const due = dueLooks(recording, denied, sources);
    return due.size === 0 ? undefined : confirmed(facts, recording.evidence, due, { sources, deadlineMs });
  };
}

function dueLooks({ looks, evidence }: Recording, denied: boolean, sources: Sources): ReadonlyMap<string, Look> {
  const due = new Map<string, Look>();
  const stale = staleKinds(looks, sources);
  if (!denied && stale.size === 0) return due;
  for (const look of looks) {
    if (!denied && !stale.has(look.kind)) continue;
    const key = lookKey(look);
    if (!evidence.answered.has(key) && !evidence.standing.has(key)) due.set(key, look);
  }
  return due;
}

function staleKinds(looks: readonly Look[], { ageSeconds }: Sources): ReadonlySet<KindName> {
  const kinds = new Set<KindName>();
  for (const { kind } of looks) kinds.add(kind);
  for (const kind of kinds) if (isFresh(ageSeconds(kind))) kinds.delete(kind);
  return kinds;
}

interface Round {
  readonly sources: Sources;
  readonly deadlineMs: number;
}

async function confirmed(facts: Facts, before: Evidence, due: ReadonlyMap<string, Look>, round: Round): Promise<Facts> {
  const { asked, reads } = ask(due, before.reads, round);
  const answered = new Map(before.answered);
  const standing = new Set(before.standing);
  const since = new Map(before.since);
  const blind = new Map<KindName, string>();
  for (const { key, kind, read } of await Promise.all(asked)) {
    if (read.ok) {
      answered.set(key, read.items);
      since.set(kind, Math.min(since.get(kind) ?? Number.POSITIVE_INFINITY, read.startedAt));
    } else {
      standing.add(key);
      const age = round.sources.ageSeconds(kind);
      if (!isFresh(age)) blind.set(kind, blind.get(kind) ?? whyNot(read, blame(age)));
    }
  }
  return surer(facts, { answered, standing, since, reads }, blind, round.sources);
}

interface Asked {
  readonly key: string;
  readonly kind: KindName;
  readonly read: LiveRead;
}

/** In the order of the looks, as far as the calls go. */
function ask(
  due: ReadonlyMap<string, Look>,
  before: number,
  { sources, deadlineMs }: Round,
): { readonly asked: readonly Promise<Asked>[]; readonly reads: number } {
  let reads = before;
  const asked: Promise<Asked>[] = [];
  for (const [key, look] of due) {
    const reread = rereadOf(look, sources);
    const affordable = reads + reread.reads <= mostReads;
    if (affordable) reads += reread.reads;
    const read = affordable ? reread.run(deadlineMs) : Promise.resolve(refused(tooManyObjects));
    asked.push(read.then((found) => ({ key, kind: look.kind, read: found })));
  }
  return { asked, reads };
}

/** The same facts, with lookups that give what was read; what is not known any more says why. */
function surer(facts: Facts, evidence: Evidence, blind: ReadonlyMap<KindName, string>, sources: Sources): Facts {
  const looks: Look[] = [];
  const lookup = (kind: KindName, fact: Fact<unknown>): Fact<unknown> => {
    if (!fact.known) return fact;
    const why = blind.get(kind);
    if (why !== undefined) return { ...unknown(why), lastKnown: anyStore(sources.stores, kind) };
    return known(noting(kind, anyStore(sources.stores, kind), looks, evidence.answered), ageOf(kind, evidence, sources));
  };
  const next = Object.fromEntries(
    (Object.entries(facts) as [FactKey, Fact<unknown>][]).map(([key, fact]) => [key, isLookup(key) ? lookup(key, fact) : fact]),
  ) as unknown as Facts;
  sources.recordings.set(next, { looks, evidence });
  return next;
}

function ageOf(kind: KindName, { since }: Evidence, { ageSeconds, now }: Sources): number {
  const age = ageSeconds(kind);
  const readAt = since.get(kind);
  if (isFresh(age) || readAt === undefined) return age ?? Number.POSITIVE_INFINITY;
  return Math.max(0, (now() - readAt) / 1000);
}
