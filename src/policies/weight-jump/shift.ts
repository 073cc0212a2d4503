import type { Behind } from '../../kubernetes/destination.ts';
import type { Shares, Shift } from './align.ts';
import type { Carrier } from './capacity.ts';
import { carriersOf, grouped, namedShares, shares, type Group, type Side } from './load.ts';
import { judgeStep, type Before, type Step } from './step.ts';
import { together, type Found, type JudgedPart, type Resolve, type ShiftContext, type Verdict } from './trial.ts';
import { nameOf, percentOf, undefinedSubset } from './words.ts';

/** Weights are whole numbers: half a percent point is how far rounding moves a share that nobody meant to move. */
const roundingShare = 0.005;
const epsilon = 1e-9;
/** Share of the one that was in charge. */
const incumbentShare = 0.5;
const brokenFactor = 0.5;

/** Judges a part of the traffic: every group of pods that serves more of it. */
export function judgeShift(shift: Shift, context: ShiftContext): Verdict {
  const { namespace, trial, resolveAfter, repeated } = context;
  const idle = undefinedNewcomers(shift, context);
  if (![...shift.becomes].some(([key, { share }]) => share > (shift.was?.get(key)?.share ?? 0) + epsilon))
    return { findings: idle };
  const after = sidesOf(shift.becomes, resolveAfter, namespace);
  const stood = shift.was && sidesOf(shift.was, trial.resolve, namespace);
  const signature = repeated.signature(shift, stood, after);
  const known = repeated.judged.get(signature);
  const parts = known?.map((part) => asSaidOf(shift, after, part, context)) ?? judgeSides(shift, after, stood, context);
  if (known === undefined) repeated.judged.set(signature, parts);
  return together([...parts.map(({ verdict }) => verdict), { findings: idle }]);
}

function judgeSides(
  shift: Shift,
  after: readonly Side[],
  stood: readonly Side[] | undefined,
  context: ShiftContext,
): readonly JudgedPart[] {
  const before = servedBefore(shift, stood, after);
  return rising(shift, after, stood, context).map((step) => ({
    side: after.findIndex(({ destination }) => destination === step.destination),
    verdict: judgeStep(step, { ...context, before }),
  }));
}

/** What was found about the same shares of the same pods in another rule, with the names of this one. */
function asSaidOf(shift: Shift, after: readonly Side[], { side, verdict }: JudgedPart, context: ShiftContext): JudgedPart {
  const said = after[side];
  if (said === undefined) return { side, verdict };
  const { host, subset, path } = said.destination;
  const names = {
    object: context.trial.object,
    rule: shift.rule.at,
    destination: nameOf(host, subset, { to: said.to, namespace: context.namespace }),
  };
  const findings = verdict.findings.map((one) =>
    'destination' in one.detail
      ? ({ ...one, path: context.repointed ?? path, detail: { ...one.detail, ...names } } as Found)
      : one,
  );
  return { side, verdict: { ...verdict, findings } };
}

function sidesOf(shares: Shares, resolve: Resolve, namespace: string): readonly Side[] {
  return [...shares].flatMap(([key, { share, destination }]) =>
    share > 0 ? [{ key, destination, share, to: resolve(destination.host, destination.subset, namespace) }] : [],
  );
}

/** Groups of pods that get more than they had: by what they serve, not by what they are called. */
function rising(
  shift: Shift,
  after: readonly Side[],
  stood: readonly Side[] | undefined,
  context: ShiftContext,
): readonly Step[] {
  const [before, now, named] = [shares(stood ?? []), shares(after), namedShares(stood ?? [])];
  const steps = grouped(after).flatMap((group): readonly Step[] => {
    // Where rules stay as they are, a name means the same pods before and after, whatever else they serve.
    const byName = context.repointed === undefined ? named(group) : 0;
    const from = Math.max(before(group), byName);
    const share = Math.min(1, now(group));
    return grows(from, share, group.to) ? [stepOf({ ...group, from, share }, shift, context)] : [];
  });
  const [only] = steps;
  if (steps.length !== 1 || only === undefined) return steps;
  const others = grouped(stood ?? []).map(before);
  // Of two halves neither is in charge.
  const incumbent = only.from >= incumbentShare - epsilon && others.filter((share) => share >= only.from - epsilon).length < 2;
  return [{ ...only, incumbent }];
}

/** From nothing, and onto nobody, every share is growth; else what rounding may do is not. */
function grows(from: number, share: number, to: Behind): boolean {
  const tolerated = from <= epsilon || (to.kind === 'pods' && to.ready === 0) ? epsilon : roundingShare;
  return share > from + tolerated;
}

interface Rise extends Group {
  readonly from: number;
  readonly share: number;
}

function stepOf({ sides, to: target, from, share }: Rise, shift: Shift, { trial, namespace, repointed }: ShiftContext): Step {
  const [{ destination }] = sides;
  const { host, subset, path } = destination;
  const name = nameOf(host, subset, { to: target, namespace });
  const shares = { fromPercent: percentOf(from), toPercent: percentOf(share) };
  return {
    shift,
    from,
    to: share,
    target,
    destination,
    incumbent: false,
    path: repointed ?? path,
    detail: { object: trial.object, rule: shift.rule.at, destination: name, ...shares },
  };
}

/** Without a baseline those beside it in the same rule say what is ready. */
function servedBefore({ was, kind }: Shift, stood: readonly Side[] | undefined, after: readonly Side[]): Before {
  const carriers = stood === undefined ? beside(after) : carriersOf(grouped(stood), grouped(after), kind === 'takes');
  const left = new Map(after.map(({ key, share }) => [key, share]));
  const losing = (stood ?? []).filter(({ key, share }) => (left.get(key) ?? 0) < share);
  return {
    carriers,
    // A rule without destinations answers by itself: a redirect, a direct response.
    served: carriers.length > 0 || was?.size === 0 || (stood ?? []).some(isUncounted),
    sourceBroken: losing.length > 0 && losing.every(({ to }) => isBroken(to)),
  };
}

function beside(after: readonly Side[]): readonly Carrier[] {
  return grouped(after).flatMap(({ to }) => (to.kind === 'pods' && to.ready > 0 ? [{ share: undefined, backing: to }] : []));
}

/** Somebody serves there, but who or how many cannot be seen. */
function isUncounted({ to: { kind } }: Side): boolean {
  return kind === 'external' || kind === 'cannot-judge' || kind === 'unknown';
}

function isBroken(to: Behind): boolean {
  if (to.kind === 'pods') return to.ready === 0 || to.ready < brokenFactor * to.desired;
  return to.kind === 'service-missing' || to.kind === 'subset-undefined';
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
