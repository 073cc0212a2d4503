import type { Destination } from '../../core/objects.ts';
import { parseDuration } from '../../core/time.ts';
import type { Backing, Behind } from '../../kubernetes/destination.ts';
import type { Workload } from '../../kubernetes/workloads-behind.ts';
import type { Shift } from './align.ts';
import type { Carrier } from './capacity.ts';
import type { OfGain, OfStep, Way } from './details.ts';
import { findings } from './findings.ts';
import { judgeGain, type Gain, type Judged } from './gain.ts';
import { misstep } from './ladder.ts';
import { isImplicit, isMarked, lastKnownGoodAnnotation, markOf, mayBePrimary } from './last-known-good.ts';
import type { Blind, Found, Need, ShiftContext, Trial, Verdict } from './trial.ts';
import { lookAt, undefinedSubset, workloadName } from './words.ts';

const warmAfterAnnotation = 'rollback-bouncer.dev/warm-after';
const longestWarmSeconds = 3_600;

/** One share that grows. */
export interface Step {
  readonly shift: Shift;
  readonly from: number;
  readonly to: number;
  readonly target: Behind;
  readonly destination: Destination;
  /** It had most of the traffic all the time. */
  readonly incumbent: boolean;
  readonly path: string;
  readonly detail: OfStep;
}

/** Who served the traffic that moves. */
export interface Before {
  readonly carriers: readonly Carrier[];
  /** Somebody serves it now, though perhaps where it cannot be counted. */
  readonly served: boolean;
  /** Who loses it cannot serve it. */
  readonly sourceBroken: boolean;
}

type Unknown = Behind & { readonly kind: 'unknown' };

interface StepContext extends ShiftContext {
  readonly before: Before;
}

export function judgeStep(step: Step, context: StepContext): Verdict {
  const { target } = step;
  return target.kind === 'pods' ? judgePods(step, target, context) : judgeUnresolved(step, target, context);
}

/** What cannot be counted: said as it is, and denied where customers are served now. */
function judgeUnresolved(step: Step, to: Exclude<Behind, Backing>, context: StepContext): Verdict {
  const { before } = context;
  const { detail, path } = step;
  if (to.kind === 'external') return { findings: [{ code: 'external', detail, path }] };
  const about = { path, namespaces: concerned(step, to.namespace, context) };
  if (to.kind === 'unknown') {
    const excused = step.shift.targeted || step.incumbent || wasMarked(step, to, context);
    return { findings: [], blind: [{ fact: to.fact, effect: excused ? 'warn' : 'deny', namespaces: about.namespaces }] };
  }
  if (to.kind === 'cannot-judge') return { findings: [{ code: 'cannot-judge', detail: { ...detail, why: to.why }, ...about }] };
  const { namespace, service } = to;
  const missing = to.kind === 'service-missing';
  if (!before.served) {
    const why = missing ? 'no such Service' : 'undefined subset';
    return { findings: [softened({ code: 'nothing-ready-anywhere', detail: { ...detail, why }, ...about }, step)] };
  }
  const found: Found = missing
    ? { code: 'service-missing', detail: { ...detail, namespace, service }, ...about }
    : { code: 'subset-undefined', detail: { ...detail, ...undefinedSubset(to) }, ...about };
  return { findings: [softened(found, step)] };
}

/** The way back needs no reading: a mark that was seen before the cluster fell silent counts until it expires. */
function wasMarked({ destination: { host, subset } }: Step, to: Unknown, { trial, namespace }: StepContext): boolean {
  if (to.workloads.length > 0) return isMarked(to.workloads, trial.now);
  const last = trial.resolveLast()(host, subset, namespace);
  return 'workloads' in last && isMarked(last.workloads, trial.now);
}

function judgePods(step: Step, target: Backing, context: StepContext): Verdict {
  const { trial } = context;
  const { detail, path } = step;
  const gain = gainOf(step, target, context);
  const judged = judgeGain(gain);
  const namespaces = concerned(step, target.namespace, context);
  const about = { path, namespaces };
  const numbered = { ...detail, ...judged.numbers, ...wayTo(target, namespaces) };
  const { effect } = judged;
  const main = mainFinding(judged, numbered, { repointed: context.repointed !== undefined, ...about });
  const doubtful: readonly Found[] = target.doubtful ? [{ code: 'doubtful-host', detail, ...about }] : [];
  const climb = effect === 'deny' || gain.lastKnownGood !== undefined || gain.unmeasured ? [] : missteps(step, target, context);
  const found = [main, ...climb].map((one) => softened(one, step));
  const odd = target.workloads.flatMap((workload) => oddAnnotations(workload, trial.now));
  return { findings: [...found, ...doubtful, ...odd], blind: blindSpots(target, trial) };
}

/** What could have made the verdict another one, had it been known. */
function blindSpots({ namespace, service }: Backing, { facts, namespace: own }: Trial): readonly Blind[] {
  const owners = ['replicaSets', 'deployments', 'rollouts', 'autoscalers'] as const;
  const asked: readonly Need[] = [
    ...owners,
    ...(mayBePrimary(service) ? (['canaries'] as const) : []),
    ...(namespace === own ? [] : (['namespaces'] as const)),
  ];
  return asked.filter((fact) => !facts[fact].known).map((fact) => ({ fact, effect: 'warn', namespaces: [namespace] }));
}

function mainFinding(
  { code, effect }: Judged,
  detail: OfGain,
  { repointed, ...about }: { readonly repointed: boolean; readonly path: string; readonly namespaces: readonly string[] },
): Found {
  if (repointed && effect !== 'info') return { code: 'subset-repointed', detail: { ...detail, reason: code }, effect, ...about };
  if (code !== 'nothing-ready-anywhere') return { code, detail, effect, ...about };
  return { code, detail: { ...detail, why: `desired ${detail.desired}` }, effect, ...about };
}

/**
 * How much traffic it is shows only where the same requests were served before. Of a new rule, or of one that gets what another had,
 * nobody knows how many requests fit it; but when it is another version of the same Service, it is meant for what that one had.
 */
function isUnmeasured({ was, kind }: Shift, { namespace, service }: Backing, { carriers }: Before): boolean {
  if (was === undefined) return true;
  const sameService = carriers.some(({ backing }) => backing.namespace === namespace && backing.service === service);
  return (kind === 'appears' || kind === 'falls') && !sameService;
}

function gainOf({ to, incumbent, shift }: Step, target: Backing, { trial, before }: StepContext): Gain {
  const { config, facts, now, controller } = trial;
  const marked = isMarked(target.workloads, now);
  const implicit = incumbent || isImplicit(target, facts);
  return {
    to,
    target,
    ...before,
    unmeasured: isUnmeasured(shift, target, before),
    lastKnownGood: marked ? 'marked' : implicit ? 'implicit' : undefined,
    controller,
    multiCluster: config.multiCluster,
    warmSeconds: Math.max(config.warmSeconds, ...target.workloads.map(warmAfterSeconds)),
    warmAbove: config.warmAbovePercent,
    now,
  };
}

/** Whose business it is: of the object, of the route, of those who are sent, of those whose traffic it was. */
function concerned({ shift }: Step, target: string, { trial, namespace }: StepContext): readonly string[] {
  return [...new Set([trial.namespace, namespace, target, ...(shift.namespaces ?? [])])];
}

function warmAfterSeconds({ minReadySeconds, annotations }: Workload): number {
  return Math.max(minReadySeconds, warmAfterOf(annotations.get(warmAfterAnnotation) ?? '') ?? 0);
}

function warmAfterOf(text: string): number | undefined {
  const seconds = parseDuration(text);
  return seconds === undefined || seconds > longestWarmSeconds ? undefined : seconds;
}

/** What leads to more ready pods: the workload to wait for or to scale, else the pods to look at. */
function wayTo(target: Backing, namespaces: readonly string[]): Way {
  const { namespace, workloads } = target;
  const [only] = workloads;
  return {
    namespace,
    namespaces,
    workload: workloads.length === 1 && only !== undefined ? workloadName(only) : '',
    selector: lookAt(target),
    autoscaled: workloads.some(({ autoscaled }) => autoscaled),
  };
}

/** Rungs are for weights that climb onto pods that serve: not away from what is broken, and controllers have steps of their own. */
function missteps(at: Step, { namespace, ready }: Backing, context: StepContext): readonly Found[] {
  const { shift, detail, path } = at;
  const { trial, ladder, before } = context;
  const climbs = ready > 0 && before.served && !before.sourceBroken && shift.kind !== 'falls';
  if (ladder === undefined || !climbs || trial.controller || shift.targeted) return [];
  const since = shift.kind === 'steps' ? ladder.since : undefined;
  const step = misstep({ ...detail, since, now: trial.now }, trial.config);
  if (step === undefined) return [];
  const { code, ...numbers } = step;
  return [{ code, detail: { ...detail, ...numbers }, path, namespaces: concerned(at, namespace, context) } as Found];
}

/** Customers that the author singled out are his to risk. */
function softened(found: Found, { shift, detail }: Step): Found {
  const effect = found.effect ?? findings[found.code].effect;
  if (!shift.targeted || effect === 'info') return found;
  const { path = '', namespaces = [] } = found;
  return { code: 'targeted-route', detail: { ...detail, reason: found.code }, path, namespaces };
}

function oddAnnotations(workload: Workload, now: number): readonly Found[] {
  const { namespace } = workload;
  const ignored = (annotation: string, why: string, write: string): Found => ({
    code: 'annotation-ignored',
    detail: { workload: workloadName(workload), namespace, annotation, why, write },
    namespaces: [namespace],
  });
  const mark = markOf(workload, now);
  const warmAfter = workload.annotations.get(warmAfterAnnotation);
  return [
    ...(mark === undefined || mark.ok ? [] : [ignored(lastKnownGoodAnnotation, mark.why, mark.corrected)]),
    ...(warmAfter === undefined || warmAfterOf(warmAfter) !== undefined
      ? []
      : [ignored(warmAfterAnnotation, `no duration up to ${longestWarmSeconds} s`, '300s')]),
  ];
}
