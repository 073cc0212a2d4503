import type { Effect, JudgedFinding, Mode } from './finding.ts';
import type { JsonObject } from './json.ts';
import { denialMessage, warningLines } from './message.ts';
import type { PatchOperation } from './patch.ts';

/** What one policy said, with the mode it has in this namespace. */
export interface Judgement {
  readonly policy: string;
  readonly mode: Mode;
  readonly findings: readonly JudgedFinding[];
  readonly patch: readonly PatchOperation[];
  readonly evidence: (() => JsonObject) | undefined;
}

/** The answer to a request, before it is encoded. */
export interface Verdict {
  readonly allowed: boolean;
  readonly findings: readonly JudgedFinding[];
  /** In the order of the findings, each at most 120 characters (256 for a line to copy), no two alike. */
  readonly warnings: readonly string[];
  readonly patch: readonly PatchOperation[];
  /** Empty when allowed. */
  readonly message: string;
  /** By policy id, computed when asked for. */
  readonly evidence: () => JsonObject;
}

/** What is done about a finding: its own effect in enforce, at most a warning in warn, nothing but a record in audit. */
export function effectiveEffect({ effect, mode }: Pick<JudgedFinding, 'effect' | 'mode'>): Effect {
  if (mode === 'enforce') return effect;
  return mode === 'warn' && effect === 'deny' ? 'warn' : mode === 'warn' ? effect : 'info';
}

/** Folds what the policies said into one answer: denied when one enforced finding denies; only enforced policies patch. */
export function foldVerdict(judgements: readonly Judgement[]): Verdict {
  const findings = judgements.flatMap((judgement) => judgement.findings);
  const denying = findings.filter((finding) => effectiveEffect(finding) === 'deny');
  const warning = findings.filter((finding) => effectiveEffect(finding) === 'warn');
  return {
    allowed: denying.length === 0,
    findings,
    warnings: allWarnings(warning),
    patch: denying.length > 0 ? [] : judgements.flatMap(({ mode, patch }) => (mode === 'enforce' ? patch : [])),
    message: denialMessage(denying),
    evidence: () =>
      Object.fromEntries(
        judgements.flatMap(({ policy, evidence }) => (evidence === undefined ? [] : [[policy, evidence()] as const])),
      ),
  };
}

/** The API server shows 4,096 characters of warnings in all and cuts or drops what is over. */
const maximumWarnings = 30;

function allWarnings(findings: readonly JudgedFinding[]): readonly string[] {
  const lines = [...new Set(findings.flatMap(warningLines))];
  if (lines.length <= maximumWarnings) return lines;
  return [...lines.slice(0, maximumWarnings), `[review] and ${lines.length - maximumWarnings} more warnings: see the audit log`];
}

/** `deny`, `mutate`, `warn` or `allow`: the strongest thing the answer does. */
export function verdictWord(verdict: Verdict): 'deny' | 'mutate' | 'warn' | 'allow' {
  if (!verdict.allowed) return 'deny';
  if (verdict.patch.length > 0) return 'mutate';
  return verdict.findings.some((finding) => effectiveEffect(finding) === 'warn') ? 'warn' : 'allow';
}
