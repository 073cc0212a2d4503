import type { Route } from '../../core/objects.ts';
import { withDelegates } from '../../kubernetes/routes/delegate.ts';
import { align, type Alignment, type Shares, type Shift } from './align.ts';
import { blindDelegates, olderRoutes, ruleFaults, shadowed } from './rule-faults.ts';
import { judgeShift } from './shift.ts';
import { firstTraffic, trafficTaken } from './traffic-taken.ts';
import { isInvisible, most, repeated, together, tooManyRules, type Found, type Trial, type Verdict } from './trial.ts';

/** A route as it was, undefined for a new one, and as it shall be. */
export interface RouteChange {
  readonly before: Route | undefined;
  readonly after: Route;
  /** When the weights were set as they are now, ms since the epoch. */
  readonly since: number | undefined;
}

/** Judges every part of the traffic that a change of a route moves. */
export function judgeRoute(change: RouteChange, trial: Trial): Verdict {
  // What nobody saw served nobody.
  const before = change.before === undefined || isInvisible(change.before) ? undefined : expanded(change.before, trial);
  const after = expanded(change.after, trial);
  if (isInvisible(after)) return { findings: [shadowed(trial, '', 'is exported to nobody: no client sees it')] };
  const { shifts, tooMany } = shiftsOf(before, after, trial);
  if (tooMany !== undefined) return { findings: [tooManyRules(tooMany, trial)] };
  const ladder = { since: change.since };
  const context = {
    trial,
    namespace: after.namespace,
    resolveAfter: trial.resolveTarget,
    ladder,
    repointed: undefined,
    repeated: repeated(),
  };
  const judged = together(shifts.map((shift) => judgeShift(shift, context)));
  const blind = [...(judged.blind ?? []), ...blindDelegates(change, trial)];
  const grown = judged.findings.length + blind.length > 0;
  const reasons = grown ? olderRoutes(after, trial) : [unharmed(shifts, trial)];
  const initial = shifts.some(({ was }) => was === undefined)
    ? [{ code: 'initial', detail: { object: trial.object } } as const]
    : [];
  return { blind, findings: [...judged.findings, ...ruleFaults(before, after, trial), ...reasons, ...initial] };
}

function shiftsOf(before: Route | undefined, after: Route, trial: Trial): Alignment {
  const aligned = before === undefined ? none : align(before, after);
  const taken = trafficTaken(before, after, trial);
  const moved = [...aligned.shifts, ...taken.shifts];
  const first = before === undefined && moved.length === 0 ? firstTraffic(after, trial) : none;
  const shifts = [...moved, ...first.shifts];
  return { shifts, tooMany: aligned.tooMany ?? taken.tooMany ?? first.tooMany ?? tooManyShifts(shifts) };
}

const none: Alignment = { shifts: [], tooMany: undefined };

function tooManyShifts(shifts: readonly Shift[]): readonly [number, number] | undefined {
  const destinations = shifts.reduce((sum, { was, becomes }) => sum + (was?.size ?? 0) + becomes.size, 0);
  return shifts.length > most.shifts || destinations > most.destinations ? [shifts.length, destinations] : undefined;
}

function unharmed(shifts: readonly Shift[], { object }: Trial): Found {
  const same = shifts.every(({ was, becomes }) => was !== undefined && sameShares(was, becomes));
  return { code: same ? 'no-op' : 'decrease-only', detail: { object } };
}

function sameShares(was: Shares, becomes: Shares): boolean {
  const covers = (one: Shares, other: Shares): boolean =>
    [...one].every(([key, { share }]) => share === (other.get(key)?.share ?? 0));
  return covers(was, becomes) && covers(becomes, was);
}

function expanded(route: Route, { facts }: Trial): Route {
  const { virtualServices } = facts;
  return withDelegates(route, (namespace, name) =>
    virtualServices.known ? virtualServices.value.get(namespace, name) : undefined,
  );
}
