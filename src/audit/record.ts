import { verdictWord, type Verdict } from '../core/verdict.ts';
import type { Fact, FactCatalogue, FactKey, Facts } from '../core/facts.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { cut, plain } from '../core/message.ts';
import type { AdmissionRequest, Phase } from '../core/request.ts';

/** Raised only when a field changes its meaning or goes. */
export const auditSchema = 'rollback-bouncer.dev/audit/v1';

export interface Decision {
  readonly request: AdmissionRequest;
  readonly phase: Phase;
  readonly verdict: Verdict;
  readonly facts: Facts | undefined;
  readonly patchDigest: string | undefined;
  readonly durationMs: number;
  /** 1 for the first answer to a request uid, 2 for a repetition, and so on. */
  readonly attempt: number;
}

const nameCharacters = 512;
const maximumGroups = 16;
/** Of a list or object inside a detail. */
const maximumEntries = 16;
/** The detail of a finding, a list in it, an object in that. */
const maximumDepth = 3;

/** The audit line of a decision, without its time. Names are capped and stripped of control characters; no object data is in it. */
export function auditRecord({ request, phase, verdict, facts, patchDigest, durationMs, attempt }: Decision): JsonObject {
  return {
    schema: auditSchema,
    decisionId: request.uid,
    attempt,
    phase,
    verdict: verdictWord(verdict),
    operation: request.operation,
    group: name(request.group),
    version: name(request.version),
    resource: name(request.resource),
    subresource: name(request.subresource),
    namespace: name(request.namespace),
    name: name(request.name),
    dryRun: request.dryRun,
    user: { name: name(request.user.name), groups: request.user.groups.slice(0, maximumGroups).map(name) },
    findings: verdict.findings.map(({ policy, code, effect, mode, path, detail }) => ({
      policy,
      code,
      effect,
      mode,
      path: name(path),
      detail: capped(detail),
    })),
    exceptions: [],
    incident: null,
    rollback: null,
    patchDigest: patchDigest ?? null,
    facts: facts === undefined ? {} : factAges(facts),
    durationMs: Math.round(durationMs * 1000) / 1000,
  };
}

function factAges(facts: Facts): JsonObject {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([, fact]) => wasAsked(fact))
      .map(([key, fact]) => [key, ageOf(fact)]),
  );
}

/** A lookup is handed out with every review of a policy that may need it; most reviews look nothing up in it. */
function wasAsked(fact: Fact<FactCatalogue[FactKey]>): boolean {
  return !fact.known || !('asked' in fact.value) || fact.value.asked();
}

function ageOf(fact: Fact<unknown>): JsonObject {
  if (!fact.known) return { unknown: cut(plain(fact.why), nameCharacters) };
  // JSON has no number for it.
  if (fact.ageSeconds === Number.POSITIVE_INFINITY) return { unknown: 'never synced' };
  return { ageSeconds: Math.round(fact.ageSeconds * 10) / 10 };
}

/** Details carry names that users chose, and lists as long as users make them; numbers pass as they are. */
function capped(detail: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, cappedValue(value, maximumDepth - 1)]));
}

/** `depth` is how many lists and objects may still be inside each other here; what is deeper is an ellipsis. */
function cappedValue(value: Json | undefined, depth: number): Json | undefined {
  if (typeof value === 'string') return name(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, maximumEntries).map((one: Json) => cappedValue(one, depth - 1) ?? null);
  const entries = Object.entries(value).slice(0, maximumEntries);
  return Object.fromEntries(entries.map(([key, inner]) => [name(key), cappedValue(inner, depth - 1)]));
}

function name(text: string): string {
  return cut(plain(text), nameCharacters);
}
