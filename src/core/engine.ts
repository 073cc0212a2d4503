import type { FactKey, Facts } from './facts.ts';
import type { Effect, Finding, FindingSpec, JudgedFinding, Mode } from './finding.ts';
import type { JsonObject } from './json.ts';
import { modeOf, stronger, type Settings } from './modes.ts';
import { ownFindings } from './own-findings.ts';
import { applyPatch, type PatchOperation } from './patch.ts';
import type { Circumstances, Policy, RaisedFinding } from './policy.ts';
import type { AdmissionRequest, Phase } from './request.ts';
import { effectiveEffect, type Judgement } from './verdict.ts';

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
  const modeOfAll = modesOf(policy, mode, { facts, context });
  return { policy: policy.id, mode, ...run(policy, request, circumstances, { modeOfAll, onError: context.onError }) };
}

/** The mode of a finding: that of the namespace of the request, or the strictest of those it is about where one is stricter. */
function modesOf(
  policy: Policy,
  mode: Mode,
  { facts, context }: { readonly facts: Facts; readonly context: EngineContext },
): (namespaces: readonly string[]) => Mode {
  const known = new Map<string, Mode>();
  const modeThere = (namespace: string): Mode => {
    const there = known.get(namespace) ?? modeIn(policy, labelsOf(namespace, facts), context);
    known.set(namespace, there);
    return there;
  };
  return (namespaces) => (policy.crossesNamespaces === true ? namespaces.map(modeThere).reduce(stronger, mode) : mode);
}

/** A namespace of which nothing is known has no labels of ours: the configuration decides. */
function labelsOf(namespace: string, { namespaces }: Facts): ReadonlyMap<string, string> {
  return (namespaces.known ? namespaces.value.get('', namespace)?.labels : undefined) ?? new Map();
}

/** More than anybody reads; an object may be made to raise tens of thousands. */
const maximumFindings = 64;

interface Weighed {
  readonly raised: RaisedFinding;
  readonly effect: Effect;
  readonly mode: Mode;
}

/**
 * What is not said is counted. What denies here and now is said first: many denials that no mode enforces must not hide one that is.
 * Before any of it is put in words: that takes longest.
 */
function bounded(weighed: readonly Weighed[], modeOfAll: ModeOfAll): readonly Weighed[] {
  if (weighed.length <= maximumFindings) return weighed;
  const ranked = [...weighed].sort((a, b) => rank(a) - rank(b));
  const namespaces = [...new Set(weighed.flatMap(({ raised }) => raised.namespaces ?? []))];
  const more = { code: 'and-more', detail: { count: weighed.length - maximumFindings } };
  return [...ranked.slice(0, maximumFindings), { raised: more, effect: 'warn', mode: modeOfAll(namespaces) }];
}

function rank(one: Weighed): number {
  return effectiveEffect(one) === 'deny' ? 0 : one.effect === 'deny' ? 1 : 2;
}

type ModeOfAll = (namespaces: readonly string[]) => Mode;

interface RunContext {
  readonly modeOfAll: ModeOfAll;
  readonly onError: EngineContext['onError'];
}

/** Whatever throws, the words of a finding included, is a bug of the policy: nothing else that it said is believed. */
function run(
  policy: Policy,
  request: AdmissionRequest,
  circumstances: Circumstances<FactKey, JsonObject>,
  { modeOfAll, onError }: RunContext,
): Pick<Judgement, 'findings' | 'patch' | 'evidence'> {
  const weigh = (raised: RaisedFinding): Weighed => ({
    raised,
    effect: raised.effect ?? policy.findings[raised.code]?.effect ?? 'warn',
    mode: modeOfAll(raised.namespaces ?? []),
  });
  const said = ({ raised, mode }: Weighed): JudgedFinding => ({ ...render(policy.id, policy.findings, raised), mode });
  try {
    const { findings, blind = [], patch = [], evidence } = policy.evaluate(request, circumstances);
    checkPatch(request, patch);
    const unknown = blind.map(({ fact, ...about }) => ({ ...unknownFact(policy, circumstances.facts, fact), ...about }));
    const weighed = [...findings, ...unknown].map(weigh).filter(({ mode }) => mode !== 'off');
    return { findings: bounded(weighed, modeOfAll).map(said), patch, evidence };
  } catch (error) {
    onError(policy.id, error);
    const name = error instanceof Error ? error.name : 'unknown';
    const failed = weigh({ code: 'policy-error', detail: { error: name }, effect: policy.whenBlind.error });
    return { findings: failed.mode === 'off' ? [] : [said(failed)], patch: [], evidence: undefined };
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
