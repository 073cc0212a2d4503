import type { Backing, Behind } from '../../kubernetes/destination.ts';
import type { Shares, Shift } from './align.ts';
import { judgeStep, type Before, type Step } from './step.ts';
import { together, type Found, type ShiftContext, type Verdict } from './trial.ts';
import { nameOf, percentOf, undefinedSubset } from './words.ts';

/** Weights are whole numbers: half a percent point is how far rounding moves a share that nobody meant to move. */
const epsilon = 0.005;
/** Share of the one that was in charge. */
const incumbentShare = 0.5;
const brokenFactor = 0.5;

/** Judges a part of the traffic: every destination whose share of it grows. */
export function judgeShift(shift: Shift, context: ShiftContext): Verdict {
  const idle = undefinedNewcomers(shift, context);
  const rising = [...shift.becomes].filter(([key, { share }]) => grows(shift.was?.get(key)?.share ?? 0, share));
  if (rising.length === 0) return { findings: idle };
  const sources = sourcesOf(shift, context);
  const before = servedBefore(shift, sources);
  const steps = rising.flatMap(([key]) => stepOf(key, shift, { ...context, sources, alone: rising.length === 1 }) ?? []);
  return together([...steps.map((step) => judgeStep(step, { ...context, before })), { findings: idle }]);
}

/** From nothing, every share is growth; else what rounding may do is not. */
export function grows(from: number, to: number): boolean {
  return from <= 0 ? to > 0 : to > from + epsilon;
}

/** Who had some of the traffic. */
interface Source {
  readonly key: string;
  readonly share: number;
  /** What it keeps. */
  readonly left: number;
  readonly to: Behind;
}

/** Without a baseline those beside it in the same rule say what is ready. */
function sourcesOf({ was, becomes }: Shift, { trial, namespace, resolveAfter }: ShiftContext): readonly Source[] {
  const resolve = was === undefined ? resolveAfter : trial.resolve;
  return [...(was ?? becomes)].flatMap(([key, { share, destination }]) => {
    if (share <= 0) return [];
    return [{ key, share, left: becomes.get(key)?.share ?? 0, to: resolve(destination.host, destination.subset, namespace) }];
  });
}

function servedBefore({ was }: Shift, sources: readonly Source[]): Before {
  const carriers = sources.flatMap(({ share, to }) =>
    to.kind === 'pods' && to.ready > 0 ? [{ share: was === undefined ? undefined : share, backing: to }] : [],
  );
  const losing = was === undefined ? [] : sources.filter(({ share, left }) => left < share);
  return {
    carriers,
    served: carriers.length > 0 || servedElsewhere(was, sources),
    sourceBroken: losing.length > 0 && losing.every(({ to }) => isBroken(to)),
  };
}

/** By somebody who cannot be counted, or by the rule itself: a redirect, a direct response. */
function servedElsewhere(was: Shares | undefined, sources: readonly Source[]): boolean {
  const uncounted = ({ to: { kind } }: Source): boolean => kind === 'external' || kind === 'cannot-judge' || kind === 'unknown';
  return was !== undefined && (was.size === 0 || sources.some(uncounted));
}

function isBroken(to: Behind): boolean {
  if (to.kind === 'pods') return to.ready === 0 || to.ready < brokenFactor * to.desired;
  return to.kind === 'service-missing' || to.kind === 'subset-undefined';
}

interface StepContext extends ShiftContext {
  readonly sources: readonly Source[];
  /** No other share of the rule grows. */
  readonly alone: boolean;
}

/** One share that grows; undefined when it is the same pods that serve it, under another name. */
function stepOf(key: string, shift: Shift, context: StepContext): Step | undefined {
  const grown = shift.becomes.get(key);
  if (grown === undefined) return undefined;
  const { host, subset, path } = grown.destination;
  const { trial, namespace, sources } = context;
  const target = context.resolveAfter(host, subset, namespace);
  const from = (shift.was?.get(key)?.share ?? 0) + (shift.was === undefined ? 0 : underOtherNames(key, target, sources));
  if (!grows(from, grown.share)) return undefined;
  const destination = nameOf(host, subset, { to: target, namespace });
  const shares = { fromPercent: percentOf(from), toPercent: percentOf(grown.share) };
  return {
    shift,
    from,
    to: grown.share,
    target,
    incumbent: context.alone && from >= incumbentShare,
    path: context.repointed ?? path,
    detail: { object: trial.object, rule: shift.rule.at, destination, ...shares },
  };
}

/** What the same pods lose as another destination: a subset that was renamed moves no request to other pods. */
function underOtherNames(key: string, target: Behind, sources: readonly Source[]): number {
  if (target.kind !== 'pods' || target.pods.length === 0) return 0;
  const same = sources.filter((source) => source.key !== key && source.to.kind === 'pods' && samePods(source.to, target));
  return same.reduce((sum, { share, left }) => sum + Math.max(0, share - left), 0);
}

function samePods(one: Backing, other: Backing): boolean {
  const names = new Set(one.pods.map(({ name }) => name));
  return one.namespace === other.namespace && names.size === other.pods.length && other.pods.every(({ name }) => names.has(name));
}

/** Without a weight a subset that does not exist hurts nobody, until it gets one. */
function undefinedNewcomers({ rule, was, becomes }: Shift, { trial, namespace, resolveAfter }: ShiftContext): readonly Found[] {
  const idle = [...becomes].filter(([key, { share }]) => share <= 0 && was?.has(key) !== true);
  return idle.flatMap(([, { destination }]): readonly Found[] => {
    const { host, subset, path } = destination;
    const to = subset === '' ? undefined : resolveAfter(host, subset, namespace);
    if (to?.kind !== 'subset-undefined') return [];
    const about = { object: trial.object, rule: rule.at, destination: nameOf(host, subset, { to, namespace }) };
    const detail = { ...about, fromPercent: 0, toPercent: 0, ...undefinedSubset(to) };
    return [{ code: 'subset-undefined', detail, effect: 'warn', path, namespaces: [to.namespace] }];
  });
}
