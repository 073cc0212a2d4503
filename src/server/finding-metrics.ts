import { Counter, type Registry } from 'prom-client';
import type { FactKey } from '../core/facts.ts';
import type { JudgedFinding } from '../core/finding.ts';
import type { Policy } from '../core/policy.ts';
import { countingBy } from './counting.ts';
import { prefixed } from './metric-name.ts';

/** A second look before a denial: the denial stands, it is taken back, or all that is left of it is that facts became unknown. */
export type Confirmation = 'confirmed' | 'changed' | 'failed';

export interface FindingMetrics {
  readonly found: (findings: readonly JudgedFinding[], dryRun: boolean) => void;
  readonly confirmed: (result: Confirmation) => void;
}

/** Whose series stand at 0 from the start: an increase that begins with the first count is not seen. */
export type Counted = Pick<Policy, 'id' | 'needs'>;

/** What was found, what could not be judged, and what second looks were for. */
export function findingMetrics(registers: Registry[], policies: readonly Counted[]): FindingMetrics {
  const findings = new Counter({
    name: prefixed('findings_total'),
    help: 'Findings by policy, code, the effect they ask for and the mode that decides what is done about them.',
    labelNames: ['policy', 'code', 'effect', 'mode', 'dry_run'],
    registers,
  });
  const count = countingBy(findings);
  const blind = blindMetrics(registers, policies);
  return {
    ...confirmationMetrics(registers),
    found: (all, dryRun) => {
      for (const finding of all) {
        const { policy, code, effect, mode } = finding;
        count(policy, code, effect, mode, String(dryRun));
        blind(finding);
      }
    },
  };
}

/** What was found without being judged. */
function blindMetrics(registers: Registry[], policies: readonly Counted[]): (finding: JudgedFinding) => void {
  const unknown = new Counter({
    name: prefixed('unknown_facts_total'),
    help: 'Findings that a fact was unknown, so that the policy did not judge.',
    labelNames: ['policy', 'fact'],
    registers,
  });
  const errors = new Counter({
    name: prefixed('policy_errors_total'),
    help: 'Findings that a policy, or the review itself, failed: a bug of ours.',
    labelNames: ['policy'],
    registers,
  });
  for (const { id, needs } of policies) {
    errors.inc({ policy: id }, 0);
    for (const fact of needs) unknown.inc({ policy: id, fact }, 0);
  }
  errors.inc({ policy: 'review' }, 0);
  return ({ policy, code, detail }) => {
    if (code === 'fact-unknown') unknown.inc({ policy, fact: detail['fact'] as FactKey });
    if (code === 'policy-error') errors.inc({ policy });
  };
}

function confirmationMetrics(registers: Registry[]): Pick<FindingMetrics, 'confirmed'> {
  const confirmations = new Counter({
    name: prefixed('denial_confirmations_total'),
    help: 'Denials that were looked at again with facts read from the API server, by what came of it.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['confirmed', 'changed', 'failed'] satisfies Confirmation[]) confirmations.inc({ result }, 0);
  return { confirmed: (result) => confirmations.inc({ result }) };
}
