import { judge, render, type EngineContext } from './engine.ts';
import type { FactKey, Facts } from './facts.ts';
import { unknownModes } from './modes.ts';
import type { Policy, RaisedFinding } from './policy.ts';
import { missingPart, type AdmissionRequest } from './request.ts';
import type { Select } from './select.ts';
import { foldVerdict, type Judgement, type Verdict } from './verdict.ts';

/** Fetches facts for a request; never rejects: what cannot be known in time is `unknown(why)`. */
export type Gather = (needs: readonly FactKey[], request: AdmissionRequest) => Promise<Facts> | Facts;

/**
 * Better facts for the same request, or undefined when these are as good as they get: what was looked up is read again from
 * the API server before a denial, and before anything when a cache has not been heard of for too long. Never rejects.
 */
export type Confirm = (facts: Facts, denied: boolean) => Promise<Facts> | undefined;

export interface ReviewContext extends EngineContext {
  readonly select: Select;
  readonly gather: Gather;
  readonly confirm?: Confirm;
}

export interface Review {
  readonly verdict: Verdict;
  /** Undefined when no policy needed any. */
  readonly facts: Facts | undefined;
}

/** The one way of a request: select, gather, judge, fold. Nobody else calls a policy. */
export async function review(request: AdmissionRequest, context: ReviewContext): Promise<Review> {
  const { policies, needs } = context.select(request, context.phase);
  if (policies.length === 0) return { verdict: foldVerdict([]), facts: undefined };
  const missing = missingPart(request);
  if (missing !== undefined) return { verdict: foldVerdict([malformed(missing, context)]), facts: undefined };
  const gathered = context.gather(needs, request);
  let facts = gathered instanceof Promise ? await gathered : gathered;
  let verdict = decide(policies, request, facts, context);
  for (let round = 0; round < maximumRounds; round += 1) {
    const surer = context.confirm?.(facts, !verdict.allowed);
    if (surer === undefined) break;
    facts = await surer;
    verdict = decide(policies, request, facts, context);
  }
  return { verdict, facts };
}

/** Surer facts may lead to further looks: from a rule to its pods, their ReplicaSet, its Deployment, the autoscaler of that. */
const maximumRounds = 8;

function decide(policies: readonly Policy[], request: AdmissionRequest, facts: Facts, context: ReviewContext): Verdict {
  const judgements = judge(policies, request, facts, context);
  const labels = facts.namespaceLabels.known ? facts.namespaceLabels.value : undefined;
  // Said once, by the validating side: the API server shows both sides' warnings.
  const odd = context.phase === 'validate' ? unknownModes(labels, policies) : [];
  return foldVerdict(odd.length === 0 ? judgements : [...judgements, oddModes(odd, context)]);
}

/** The mutating side changes nothing it cannot judge; the validating side denies it, where it may deny at all. */
function malformed(missing: string, context: ReviewContext): Judgement {
  return ofReview(
    [{ code: 'malformed-review', detail: { missing }, effect: context.phase === 'validate' ? 'deny' : 'warn' }],
    context,
  );
}

function oddModes(labels: readonly string[], context: ReviewContext): Judgement {
  return ofReview(
    labels.map((label) => ({ code: 'unknown-mode', detail: { label } })),
    context,
  );
}

function ofReview(raised: readonly RaisedFinding[], { settings }: ReviewContext): Judgement {
  const mode = settings.ceiling;
  const findings = raised.map((one) => ({ ...render('review', {}, one), mode }));
  return { policy: 'review', mode, findings, patch: [], evidence: undefined };
}
