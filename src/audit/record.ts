import { verdictWord, type Verdict } from '../core/verdict.ts';
import type { Facts } from '../core/facts.ts';
import type { JsonObject } from '../core/json.ts';
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
    Object.entries(facts).map(([key, fact]) => [
      key,
      fact.known ? { ageSeconds: Math.round(fact.ageSeconds * 10) / 10 } : { unknown: cut(plain(fact.why), nameCharacters) },
    ]),
  );
}

/** Details carry names that users chose; numbers pass as they are. */
function capped(detail: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, typeof value === 'string' ? name(value) : value]));
}

function name(text: string): string {
  return cut(plain(text), nameCharacters);
}
