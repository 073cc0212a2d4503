import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { auditRecord } from '../audit/record.ts';
import type { Audit, Logger } from '../audit/logger.ts';
import { denialOf, type Denial } from '../core/denial.ts';
import type { FactKey, Facts } from '../core/facts.ts';
import type { Mode } from '../core/finding.ts';
import type { Settings } from '../core/modes.ts';
import type { AdmissionRequest, Phase } from '../core/request.ts';
import { review, type Review } from '../core/review.ts';
import type { Select } from '../core/select.ts';
import { effectiveEffect, foldVerdict, verdictWord, type Judgement, type Verdict } from '../core/verdict.ts';
import type { Attempts } from './attempts.ts';
import { decodeReview, encodeReview } from './codec.ts';
import { budgetMs } from './deadline.ts';
import type { Confirmation } from './finding-metrics.ts';
import type { Metrics } from './metrics.ts';

export interface AdmitContext {
  readonly select: Select;
  readonly settings: () => Settings;
  /** Facts by `deadlineMs` (performance clock); what is not known by then is unknown. */
  readonly gather: (needs: readonly FactKey[], request: AdmissionRequest, deadlineMs: number) => Promise<Facts> | Facts;
  /** Better facts by the same deadline, or undefined when these are as good as they get. */
  readonly confirm: (facts: Facts, denied: boolean, deadlineMs: number) => Promise<Facts> | undefined;
  readonly now: () => number;
  readonly audit: Audit;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly attempts: Attempts;
  /** Told about every denial that is no rehearsal, after its line is out. Nothing waits for it. */
  readonly onDenial?: (denial: Denial) => void;
}

/** The handler of /mutate and of /validate: decode, review, audit, answer. A parseable review always gets 200 and a review. */
export function admit(phase: Phase, context: AdmitContext): RouteHandlerMethod {
  return async (call: FastifyRequest, reply: FastifyReply) => {
    const startedMs = performance.now();
    const decoded = decodeReview(call.body);
    if (!decoded.ok) {
      context.metrics.rejected(decoded.status);
      return reply.code(decoded.status).send({ error: decoded.fault });
    }
    const { request } = decoded;
    const deadlineMs = startedMs + budgetMs((call.query as Record<string, unknown>)['timeout']);
    const { verdict, facts } = await decide(request, phase, deadlineMs, context);
    const { body, patchDigest } = encodeReview(request, phase, verdict);
    const durationMs = performance.now() - startedMs;
    const attempt = context.attempts.count(phase, request.uid);
    await context.audit(auditRecord({ request, phase, verdict, facts, patchDigest, durationMs, attempt }));
    context.metrics.decided(phase, verdictWord(verdict), durationMs / 1000);
    context.metrics.found(verdict.findings, request.dryRun);
    const denial = denialOf(request, verdict);
    if (denial !== undefined) context.onDenial?.(denial);
    return reply.type('application/json').send(body);
  };
}

async function decide(request: AdmissionRequest, phase: Phase, deadlineMs: number, context: AdmitContext): Promise<Review> {
  let secondLooks = 0;
  try {
    const reviewed = await review(request, {
      phase,
      select: context.select,
      settings: context.settings(),
      gather: (needs, about) => context.gather(needs, about, deadlineMs),
      confirm: (facts, denied) => {
        const surer = context.confirm(facts, denied, deadlineMs);
        if (denied && surer !== undefined) secondLooks += 1;
        return surer;
      },
      now: context.now(),
      onError: (policy, error) => context.log.error({ policy, decisionId: request.uid, err: error }, 'policy failed'),
    });
    if (secondLooks > 0) context.metrics.confirmed(confirmation(reviewed.verdict));
    return reviewed;
  } catch (error) {
    context.log.error({ decisionId: request.uid, err: error }, 'review failed');
    return { verdict: foldVerdict([failed(phase, context.settings().ceiling)]), facts: undefined };
  }
}

/** What came of the second look at a denial; `failed` when all that still denies is what could not be read. */
function confirmation({ allowed, findings }: Verdict): Confirmation {
  if (allowed) return 'changed';
  const denying = findings.filter((finding) => effectiveEffect(finding) === 'deny');
  return denying.every(({ code }) => code === 'fact-unknown') ? 'failed' : 'confirmed';
}

/** A bug of ours: the mutating side changes nothing, the validating side denies, where it may deny at all, and says so. */
function failed(phase: Phase, mode: Mode): Judgement {
  const effect = phase === 'validate' ? 'deny' : 'warn';
  const message = 'not judged: internal error; the log has it under the decision id';
  const finding = { policy: 'review', code: 'policy-error', effect, mode, message, path: '', detail: {} } as const;
  return { policy: 'review', mode, findings: [finding], patch: [], evidence: undefined };
}
