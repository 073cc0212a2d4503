import t from 'tap';
import { known, unknown, type FactKey } from '../../src/core/facts.ts';
import { defaultSettings } from '../../src/core/modes.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { AdmissionRequest } from '../../src/core/request.ts';
import { review, type ReviewContext } from '../../src/core/review.ts';
import { selector } from '../../src/core/select.ts';
import { aPolicy, aRequest, labelled, someFacts } from './samples.ts';

function aContext(more: Partial<ReviewContext> = {}): ReviewContext {
  const onError = (_policy: string, error: unknown): never => {
    throw error as Error;
  };
  const rest = { phase: 'validate', now: 0, settings: defaultSettings } as const;
  return { ...rest, select: selector([aPolicy()]), gather: () => someFacts(), onError, ...more };
}

void t.test('what concerns no policy is allowed without asking anybody', async (t) => {
  const gather = (): never => t.fail('asked') as never;
  const foreign: readonly Partial<AdmissionRequest>[] = [
    { resource: 'pods', group: '' },
    { operation: 'DELETE' },
    { operation: 'CONNECT' },
    { subresource: 'scale' },
    { group: 'example.com' },
  ];
  for (const more of foreign) {
    const { verdict, facts } = await review(aRequest({ object: undefined, ...more }), aContext({ gather }));
    t.match(verdict, { allowed: true, findings: [], patch: [], warnings: [] }, JSON.stringify(more));
    t.equal(facts, undefined);
  }
});

void t.test('needs of the policies are gathered once', async (t) => {
  const asked: (readonly FactKey[])[] = [];
  const gather: ReviewContext['gather'] = (needs) => {
    asked.push(needs);
    return Promise.resolve(someFacts());
  };
  const policies = [aPolicy({ id: 'one' }), aPolicy({ id: 'two' }), aPolicy({ id: 'three', needs: [] })];
  const { facts } = await review(aRequest(), aContext({ gather, select: selector(policies) }));
  t.strictSame(asked, [['namespaceLabels', 'ownedReplicaSets']]);
  t.ok(facts?.ownedReplicaSets.known, 'and handed out for the record');
});

void t.test('a review without its object is not judged', async (t) => {
  const evaluate: Policy['evaluate'] = () => t.fail('judged') as never;
  const select = selector([aPolicy({ evaluate })]);
  const cases: readonly (readonly [Partial<AdmissionRequest>, string])[] = [
    [{ object: undefined }, 'object'],
    [{ operation: 'UPDATE', object: undefined, oldObject: {} }, 'object'],
    [{ operation: 'UPDATE', oldObject: undefined }, 'oldObject'],
  ];
  for (const [more, missing] of cases) {
    const finding = { policy: 'review', code: 'malformed-review', detail: { missing } };
    const validated = await review(aRequest(more), aContext({ select }));
    t.match(validated.verdict, { allowed: false, findings: [{ ...finding, effect: 'deny' }], patch: [] });
    t.equal(validated.verdict.message, `[review] the review carries no ${missing}`);
    const mutated = await review(aRequest(more), aContext({ select, phase: 'mutate' }));
    t.match(
      mutated.verdict,
      { allowed: true, findings: [{ ...finding, effect: 'warn' }], patch: [] },
      'mutate leaves it to validate',
    );
  }
});

void t.test('a mode label nobody knows is said once, by the validating side', async (t) => {
  const gather = () => labelled({ 'rollback-bouncer.dev/mode': 'enforced', 'rollback-bouncer.dev/a-policy': 'on' });
  const { verdict } = await review(aRequest(), aContext({ gather }));
  t.strictSame(
    verdict.findings.map(({ code, effect }) => `${code} ${effect}`),
    ['unknown-mode warn', 'unknown-mode warn'],
  );
  t.equal(
    verdict.warnings[0],
    '[review] namespace label "rollback-bouncer.dev/mode: enforced" ignored: use enforce, warn, audit or off',
  );
  t.equal(verdict.allowed, true);
  const mutated = await review(aRequest(), aContext({ gather, phase: 'mutate' }));
  t.strictSame(mutated.verdict.findings, []);
});

void t.test('the kill switch holds for what core itself finds', async (t) => {
  for (const [ceiling, warnings] of [
    ['warn', 1],
    ['audit', 0],
  ] as const) {
    const settings = { ...defaultSettings, ceiling };
    const { verdict } = await review(aRequest({ object: undefined }), aContext({ settings }));
    t.match(verdict, { allowed: true, findings: [{ code: 'malformed-review', effect: 'deny', mode: ceiling }] }, ceiling);
    t.equal(verdict.warnings.length, warnings);
  }
});

void t.test('labels that are not known are not odd', async (t) => {
  const gather = () => someFacts({ namespaceLabels: unknown('timeout') });
  t.strictSame((await review(aRequest(), aContext({ gather }))).verdict.findings, []);
});

void t.test('facts are made surer as often as it takes, and judged again', async (t) => {
  const evaluate: Policy['evaluate'] = (_request, { facts }) => {
    const pods = facts.ownedReplicaSets.known ? facts.ownedReplicaSets.value.length : 0;
    return { findings: pods < 2 ? [{ code: 'too-cold', detail: { pods } }] : [] };
  };
  const replicaSet = { name: 'a', uid: 'a', createdAt: '', revision: 1, template: {}, desiredPods: 1, readyPods: 1 };
  const asked: boolean[] = [];
  const after = async (rounds: number) => {
    asked.length = 0;
    const confirm: ReviewContext['confirm'] = (facts, denied) => {
      asked.push(denied);
      if (asked.length > rounds) return undefined;
      const before = facts.ownedReplicaSets.known ? facts.ownedReplicaSets.value : [];
      return Promise.resolve(someFacts({ ownedReplicaSets: known([...before, replicaSet]) }));
    };
    return review(aRequest(), aContext({ gather: () => someFacts(), confirm, select: selector([aPolicy({ evaluate })]) }));
  };
  t.equal((await after(0)).verdict.allowed, false, 'nothing better to be had: the first verdict stands');
  t.strictSame(asked, [true]);
  const { verdict, facts } = await after(2);
  t.equal(verdict.allowed, true, 'the second look shows what the first did not');
  t.strictSame(asked, [true, true, false], 'and who asks knows whether it is a denial');
  t.equal(facts?.ownedReplicaSets.known && facts.ownedReplicaSets.value.length, 2, 'the record has what decided');
  await after(Number.POSITIVE_INFINITY);
  t.equal(asked.length, 8, 'not for ever');
});
