import { judge, render, type EngineContext } from './engine.ts';
import type { FactKey, Facts } from './facts.ts';
import { unknownModes } from './modes.ts';
import type { RaisedFinding } from './policy.ts';
import { missingPart, type AdmissionRequest } from './request.ts';
import type { Select } from './select.ts';
import { foldVerdict, type Judgement, type Verdict } from './verdict.ts';

/** Fetches facts for a request; never rejects: what cannot be known in time is `unknown(why)`. */
export type Gather = (needs: readonly FactKey[], request: AdmissionRequest) => Promise<Facts> | Facts;

export interface ReviewContext extends EngineContext {
  readonly select: Select;
  readonly gather: Gather;
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
  const facts = gathered instanceof Promise ? await gathered : gathered;
  const labels = facts.namespaceLabels.known ? facts.namespaceLabels.value : undefined;
  const judgements = judge(policies, request, facts, context);
  // Said once, by the validating side: the API server shows both sides' warnings.
  const odd = context.phase === 'validate' ? unknownModes(labels, policies) : [];
  return { verdict: foldVerdict(odd.length === 0 ? judgements : [...judgements, oddModes(odd, context)]), facts };
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
