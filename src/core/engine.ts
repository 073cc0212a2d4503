import type { FactKey, Facts } from './facts.ts';
import type { Effect, Finding, FindingSpec, Mode } from './finding.ts';
import type { JsonObject } from './json.ts';
import { modeOf, stronger, type Settings } from './modes.ts';
import { ownFindings } from './own-findings.ts';
import { applyPatch, type PatchOperation } from './patch.ts';
import type { Circumstances, Outcome, Policy, RaisedFinding } from './policy.ts';
import type { AdmissionRequest, Phase } from './request.ts';
import type { Judgement } from './verdict.ts';

export interface EngineContext {
  readonly phase: Phase;
  readonly now: number;
  readonly settings: Settings;
  /** Told about every throw of a policy; what it throws itself ends the review. */
  readonly onError: (policy: string, error: unknown) => void;
}

/** Runs the policies that are not off in this namespace, and those that may speak for others. Never throws. */
export function judge(
  policies: readonly Policy[],
  request: AdmissionRequest,
  facts: Facts,
  context: EngineContext,
): readonly Judgement[] {
  const labels = facts.namespaceLabels.known ? facts.namespaceLabels.value : undefined;
  return policies.flatMap((policy) => {
    const mode = modeIn(policy, labels, context);
    return mode === 'off' && policy.crossesNamespaces !== true ? [] : [judgeOne(policy, mode, request, { facts, context })];
  });
}

/** Where the labels of the namespace are not known, nothing is changed: it may have asked to be left alone. */
function modeIn(policy: Policy, labels: ReadonlyMap<string, string> | undefined, { settings, phase }: EngineContext): Mode {
  const mode = modeOf(policy, settings, labels);
  return labels === undefined && phase === 'mutate' && mode === 'enforce' ? 'warn' : mode;
}

function judgeOne(
  policy: Policy,
  mode: Mode,
  request: AdmissionRequest,
  { facts, context }: { readonly facts: Facts; readonly context: EngineContext },
): Judgement {
  const config = context.settings.policies.get(policy.id)?.config ?? policy.config.defaults;
  const circumstances = { phase: context.phase, now: context.now, facts, config };
  const { findings, patch, evidence } = run(policy, request, circumstances, context.onError);
  const modes = modesOf(policy, mode, { facts, context });
  const judged = findings.map(({ finding, namespaces }) => ({ ...finding, mode: namespaces.map(modes).reduce(stronger, mode) }));
  const said = judged.filter((finding) => finding.mode !== 'off');
  return { policy: policy.id, mode, findings: said, patch, evidence };
}

/** The mode of a finding: that of the namespace of the request, or of the one it is about where that is stricter. */
function modesOf(
  policy: Policy,
  mode: Mode,
  { facts, context }: { readonly facts: Facts; readonly context: EngineContext },
): (namespace: string) => Mode {
  const known = new Map<string, Mode>();
  return (namespace) => {
    if (policy.crossesNamespaces !== true) return mode;
    const there = known.get(namespace) ?? modeIn(policy, labelsOf(namespace, facts), context);
    known.set(namespace, there);
    return there;
  };
}

/** A namespace of which nothing is known has no labels of ours: the configuration decides. */
function labelsOf(namespace: string, { namespaces }: Facts): ReadonlyMap<string, string> {
  return (namespaces.known ? namespaces.value.get('', namespace)?.labels : undefined) ?? new Map();
}

/** More than anybody reads; an object may be made to raise tens of thousands. */
const maximumFindings = 64;

/** What is not said is counted, and denials are said first. Before any of it is put in words: that takes longest. */
function bounded(raised: readonly RaisedFinding[], effectOf: (one: RaisedFinding) => Effect): readonly RaisedFinding[] {
  if (raised.length <= maximumFindings) return raised;
  const denying = raised.filter((one) => effectOf(one) === 'deny');
  const others = raised.filter((one) => effectOf(one) !== 'deny');
  const shown = [...denying, ...others].slice(0, maximumFindings);
  const namespaces = [...new Set(raised.flatMap((one) => one.namespaces ?? []))];
  return [...shown, { code: 'and-more', detail: { count: raised.length - maximumFindings }, namespaces }];
}

interface Ran {
  readonly findings: readonly { readonly finding: Finding; readonly namespaces: readonly string[] }[];
  readonly patch: readonly PatchOperation[];
  readonly evidence: Outcome<RaisedFinding, FactKey>['evidence'];
}

/** Whatever throws, the words of a finding included, is a bug of the policy: nothing else that it said is believed. */
function run(
  policy: Policy,
  request: AdmissionRequest,
  circumstances: Circumstances<FactKey, JsonObject>,
  onError: EngineContext['onError'],
): Ran {
  const said = (raised: RaisedFinding): Ran['findings'][number] => ({
    finding: render(policy.id, policy.findings, raised),
    namespaces: raised.namespaces ?? [],
  });
  try {
    const { findings, blind = [], patch = [], evidence } = policy.evaluate(request, circumstances);
    checkPatch(request, patch);
    const unknown = blind.map(({ fact, ...about }) => ({ ...unknownFact(policy, circumstances.facts, fact), ...about }));
    const effectOf = ({ code, effect }: RaisedFinding): Effect => effect ?? policy.findings[code]?.effect ?? 'warn';
    return { findings: bounded([...findings, ...unknown], effectOf).map(said), patch, evidence };
  } catch (error) {
    onError(policy.id, error);
    const name = error instanceof Error ? error.name : 'unknown';
    const failed = said({ code: 'policy-error', detail: { error: name }, effect: policy.whenBlind.error });
    return { findings: [failed], patch: [], evidence: undefined };
  }
}

/** A patch that does not apply is a bug, and it is found here: the API server would answer 500 even with failurePolicy Ignore. */
function checkPatch(request: AdmissionRequest, patch: readonly PatchOperation[]): void {
  if (patch.length > 0) applyPatch(request.object ?? {}, patch);
}

function unknownFact(policy: Policy, facts: Facts, fact: FactKey): RaisedFinding {
  const known = facts[fact];
  const detail = { fact, why: known.known ? 'not used' : known.why };
  return { code: 'fact-unknown', detail, effect: policy.whenBlind.facts[fact] ?? policy.whenBlind.error };
}

/** A raised finding in words, by the specification of its code: the policy's, else one of core's own. */
export function render(policy: string, specs: Readonly<Record<string, FindingSpec>>, raised: RaisedFinding): Finding {
  const { code, detail, path = '' } = raised;
  const spec = [specs, ownFindings].find((candidates) => Object.hasOwn(candidates, code))?.[code];
  const effect = raised.effect ?? spec?.effect ?? 'warn';
  return { policy, code, effect, ...(spec === undefined ? { message: code } : inWords(spec, detail)), path, detail };
}

function inWords(spec: FindingSpec, detail: JsonObject): Pick<Finding, 'message' | 'next' | 'paste'> {
  const next = spec.next?.(detail) ?? '';
  const paste = spec.paste?.(detail) ?? '';
  return { message: spec.say(detail), ...(next !== '' && { next }), ...(paste !== '' && { paste }) };
}
