import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Backing } from '../../src/kubernetes/destination.ts';
import type { Workload } from '../../src/kubernetes/workloads-behind.ts';
import { neededPods, type Carrier } from '../../src/policies/weight-jump/capacity.ts';
import { judgeGain, type Gain } from '../../src/policies/weight-jump/gain.ts';
import { holds } from '../core/property.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
const warmSeconds = 60;

/** `ages`: seconds for which each ready pod has been ready. */
function backing(ages: readonly number[], { desired = ages.length, workloads = [] as readonly Workload[] } = {}): Backing {
  return {
    kind: 'pods',
    namespace: 'shop',
    service: 'checkout',
    labels: new Map(),
    doubtful: false,
    ready: ages.length,
    readySince: ages.map((seconds) => now - seconds * 1000),
    readyPods: ages.map((_, index) => `pod-${index}`),
    desired,
    workloads,
  };
}

const pods = (count: number, seconds = 3600): readonly number[] => Array.from({ length: count }, () => seconds);

function workload(more: Partial<Workload> = {}): Workload {
  const plain = { kind: 'Deployment', namespace: 'shop', name: 'checkout', replicas: 1, minReadySeconds: 0 } as const;
  return { ...plain, annotations: new Map(), autoscaled: false, stable: false, ...more };
}

function gain(more: Partial<Gain> & { readonly target: Backing; readonly to: number }): Gain {
  return {
    carriers: [],
    served: (more.carriers ?? []).length > 0,
    unmeasured: false,
    lastKnownGood: undefined,
    sourceBroken: false,
    controller: false,
    multiCluster: false,
    warmSeconds,
    warmAbove: 10,
    now,
    ...more,
  };
}

const carrier = (share: number, ready: number, workloads: readonly Workload[] = []): Carrier => ({
  share,
  backing: backing(pods(ready), { workloads }),
});

void t.test("Argo's contract is never denied: stable N all the time, canary ceil(w x N) ready, every step up", (t) => {
  const rollout = (replicas: number): readonly Workload[] => [workload({ kind: 'Rollout', replicas })];
  let cases = 0;
  const denied: string[] = [];
  for (let stable = 1; stable <= 60; stable += 1)
    for (let old = 0; old < 100; old += 1)
      for (let next = old + 1; next <= 100; next += 1) {
        cases += 1;
        const ready = Math.ceil((next * stable) / 100 - 1e-9);
        for (const workloads of [[], rollout(stable)]) {
          const carriers = [
            carrier(1 - old / 100, stable, workloads),
            ...(old > 0 ? [carrier(old / 100, ready, workloads)] : []),
          ];
          const target = backing(pods(ready), { workloads });
          const { effect } = judgeGain(gain({ to: next / 100, target, carriers }));
          if (effect === 'deny') denied.push(`N ${stable}: ${old} -> ${next} with ${ready}`);
        }
      }
  t.equal(cases, 303_000);
  t.strictSame(denied, []);
  t.end();
});

const ages = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 });
const situation = fc.record({
  from: fc.integer({ min: 0, max: 99 }),
  step: fc.integer({ min: 1, max: 100 }),
  ages,
  carriers: fc.array(fc.record({ share: fc.integer({ min: 1, max: 100 }), ready: fc.integer({ min: 1, max: 60 }) }), {
    maxLength: 4,
  }),
  autoscaled: fc.boolean(),
  rollout: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  lastKnownGood: fc.constantFrom('marked' as const, 'implicit' as const, undefined),
  sourceBroken: fc.boolean(),
  controller: fc.boolean(),
  unmeasured: fc.boolean(),
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

function gainIn(given: Situation, target = given.ages, toPercent = Math.min(100, given.from + given.step)): Gain {
  const { lastKnownGood, sourceBroken, controller, unmeasured, autoscaled, rollout } = given;
  const workloads = rollout === undefined ? [workload({ autoscaled })] : [workload({ kind: 'Rollout', replicas: rollout })];
  const carriers = given.carriers.map(({ share, ready }) => ({
    share: unmeasured ? undefined : share / 100,
    backing: backing(pods(ready), { workloads }),
  }));
  const asked = { lastKnownGood, sourceBroken, controller, unmeasured, carriers };
  return gain({ ...asked, to: toPercent / 100, target: backing(target, { desired: 40, workloads }) });
}

void t.test('whatever the situation', (t) => {
  holds(
    t,
    'another warm pod never turns a pass into a denial, nor a fit into a fault',
    fc.property(situation, (given) => {
      const [before, after] = [judgeGain(gainIn(given)), judgeGain(gainIn(given, [...given.ages, 3600]))];
      const rank = { deny: 0, warn: 1, info: 2 };
      assert.ok(rank[after.effect] >= rank[before.effect], `${before.code} became ${after.code}`);
    }),
    2000,
  );
  holds(
    t,
    'a pod that has been ready for longer never hurts',
    fc.property(situation, fc.integer({ min: 0, max: 300 }), (given, seconds) => {
      const [before, after] = [
        judgeGain(gainIn(given)),
        judgeGain(
          gainIn(
            given,
            given.ages.map((age) => age + seconds),
          ),
        ),
      ];
      assert.ok(before.effect === 'deny' || after.effect !== 'deny');
    }),
    2000,
  );
  holds(
    t,
    'the largest share that a denial names is allowed',
    fc.property(situation, (given) => {
      const { effect, numbers } = judgeGain(gainIn(given));
      fc.pre(effect === 'deny' && numbers.maxAllowedPercent > 0);
      const again = judgeGain(gainIn(given, given.ages, numbers.maxAllowedPercent));
      assert.notEqual(again.effect, 'deny', `${numbers.maxAllowedPercent}%: ${again.code}`);
      assert.equal(again.numbers.maxAllowedPercent, numbers.maxAllowedPercent);
    }),
    2000,
  );
  holds(
    t,
    'and it is the largest: one percent more is denied',
    fc.property(situation, (given) => {
      const { effect, numbers } = judgeGain(gainIn(given));
      fc.pre(effect === 'deny' && numbers.ready > 0 && numbers.maxAllowedPercent < 100);
      assert.equal(judgeGain(gainIn(given, given.ages, numbers.maxAllowedPercent + 1)).effect, 'deny');
    }),
    2000,
  );
  holds(
    t,
    'after so many seconds as many pods are warm as were needed',
    fc.property(situation, (given) => {
      const first = gainIn(given);
      const { code, numbers } = judgeGain(first);
      fc.pre(code === 'target-cold');
      const later = judgeGain({ ...first, now: now + (numbers.warmInSeconds ?? Number.NaN) * 1000 });
      assert.ok(later.numbers.warm >= numbers.needed);
      assert.ok((numbers.warmInSeconds ?? 0) > 0);
    }),
    500,
  );
  t.end();
});

void t.test('the pods that a share needs', (t) => {
  t.equal(neededPods(0.5, 20, 0.8), 8);
  t.equal(neededPods(0.01, 20, 0.8), 1, 'at least one');
  t.equal(neededPods(0.5, 20, 0.5), 5);
  t.equal(neededPods(1 / 3, 15, 0.8), 4, 'no more for a rounding error');
  t.end();
});

void t.test('the base, in numbers', (t) => {
  const baseOf = (target: Backing, ...carriers: readonly Carrier[]) =>
    judgeGain(gain({ to: 0.5, target, carriers })).numbers.base;
  t.equal(baseOf(backing(pods(1)), carrier(1, 20)), 20);
  t.equal(baseOf(backing(pods(20)), carrier(0.6, 20), carrier(0.4, 20)), 20, 'two fixed Deployments of one size');
  t.equal(baseOf(backing(pods(1)), carrier(0.99, 20), carrier(0.01, 10)), 20, 'a small canary says little');
  t.equal(baseOf(backing(pods(1)), carrier(0.1, 3)), 3, 'if nobody says more, the largest does');
  const floating = [workload({ autoscaled: true })];
  t.equal(baseOf(backing(pods(1)), carrier(0.5, 20, floating)), 40, 'an autoscaler: by share alone');
  const rollout = [workload({ kind: 'Rollout', replicas: 30 })];
  t.equal(baseOf(backing(pods(1), { workloads: rollout }), carrier(1, 20, rollout)), 30, 'a Rollout says it itself');
  t.equal(baseOf(backing(pods(1), { workloads: rollout }), carrier(1, 20)), 20, 'but not how much a Deployment needs');
  t.equal(baseOf(backing(pods(1))), undefined);
  t.end();
});
