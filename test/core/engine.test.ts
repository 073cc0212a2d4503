import t from 'tap';
import { judge, render, type EngineContext } from '../../src/core/engine.ts';
import { known, unknown, type Facts } from '../../src/core/facts.ts';
import { findingSpec } from '../../src/core/finding.ts';
import { defaultSettings } from '../../src/core/modes.ts';
import type { Policy } from '../../src/core/policy.ts';
import { selector } from '../../src/core/select.ts';
import { deepFreeze } from '../policies/cases.ts';
import { aPolicy, aRequest, blind, labelled, someFacts } from './samples.ts';

function aContext(more: Partial<EngineContext> = {}): EngineContext {
  const onError = (policy: string, error: unknown): never => {
    throw new Error(`${policy} threw`, { cause: error });
  };
  return { phase: 'validate', now: 0, settings: defaultSettings, onError, ...more };
}

/** Runs one policy that fails, and what was told about it. */
function failing(policy: Policy) {
  const told: (readonly [string, unknown])[] = [];
  const context = aContext({ onError: (...about) => void told.push(about) });
  return { judgement: judge([policy], aRequest(), someFacts(), context)[0], told };
}

void t.test('a finding is rendered by the specification of its code', (t) => {
  const evaluate: Policy['evaluate'] = () => ({ findings: [{ code: 'too-cold', detail: { pods: 2 }, path: 'spec.replicas' }] });
  const [judgement] = judge([aPolicy({ evaluate })], aRequest(), someFacts(), aContext());
  t.strictSame(judgement?.findings, [
    {
      policy: 'a-policy',
      code: 'too-cold',
      effect: 'deny',
      message: '2 pods are cold',
      path: 'spec.replicas',
      detail: { pods: 2 },
      mode: 'enforce',
    },
  ]);
  t.end();
});

void t.test('what a policy is told', (t) => {
  const request = deepFreeze(aRequest());
  const facts = someFacts();
  let told: unknown[] = [];
  const evaluate: Policy['evaluate'] = (...args) => {
    told = args;
    return { findings: [] };
  };
  judge([aPolicy({ evaluate })], request, facts, aContext({ phase: 'mutate', now: 42 }));
  t.equal(told[0], request, 'the request itself, not a copy');
  t.strictSame(told[1], { phase: 'mutate', now: 42, facts, config: { pods: 1 } }, 'and the defaults of its configuration');

  const settings = { ...defaultSettings, policies: new Map([['a-policy', { config: { pods: 3 } }]]) };
  judge([aPolicy({ evaluate })], request, facts, aContext({ settings }));
  t.match(told[1], { config: { pods: 3 } }, 'or what was configured');
  t.end();
});

void t.test('a policy that is off is not asked', (t) => {
  const evaluate: Policy['evaluate'] = () => {
    throw new Error('asked');
  };
  t.strictSame(judge([aPolicy({ evaluate })], aRequest(), labelled({ 'rollback-bouncer.dev/mode': 'off' }), aContext()), []);
  t.end();
});

void t.test('namespaces that are not known leave configuration and default', (t) => {
  const [judgement] = judge([aPolicy()], aRequest(), someFacts({ namespaceLabels: blind }), aContext());
  t.equal(judgement?.mode, 'enforce');
  t.end();
});

void t.test('a policy that throws is a finding by the blind table, and is told', (t) => {
  for (const effect of ['deny', 'warn'] as const) {
    const error = new RangeError('a secret value');
    const evaluate: Policy['evaluate'] = () => {
      throw error;
    };
    const { judgement, told } = failing(aPolicy({ evaluate, whenBlind: { facts: {}, error: effect } }));
    t.match(judgement?.findings, [{ code: 'policy-error', effect, detail: { error: 'RangeError' } }]);
    t.equal(judgement?.findings.length, 1);
    t.notMatch(JSON.stringify(judgement), /secret/, 'what an error says may be data');
    t.strictSame(told, [['a-policy', error]]);
    t.strictSame(judgement?.patch, []);
  }
  t.end();
});

void t.test('whatever is thrown', (t) => {
  for (const thrown of ['text', undefined, null, { name: 'Odd' }]) {
    const evaluate: Policy['evaluate'] = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a policy's dependency may
      throw thrown;
    };
    t.match(failing(aPolicy({ evaluate })).judgement?.findings, [{ code: 'policy-error', detail: { error: 'unknown' } }]);
  }
  t.end();
});

void t.test('words that throw are a bug of the policy as well', (t) => {
  const say = (): never => {
    throw new TypeError('no detail');
  };
  const findings = { 'too-cold': findingSpec({ effect: 'info', means: '', remedy: '', say }) };
  const evaluate: Policy['evaluate'] = () => ({ findings: [{ code: 'too-cold', detail: {} }] });
  const { judgement, told } = failing(aPolicy({ findings, evaluate }));
  t.match(judgement?.findings, [{ code: 'policy-error', effect: 'deny', detail: { error: 'TypeError' } }]);
  t.equal(told.length, 1);
  t.end();
});

void t.test('one policy that throws does not silence another', (t) => {
  const evaluate: Policy['evaluate'] = () => {
    throw new Error('a bug');
  };
  const others: Policy['evaluate'] = () => ({ findings: [{ code: 'too-cold', detail: { pods: 1 } }] });
  const context = aContext({ onError: () => undefined });
  const policies = [aPolicy({ evaluate }), aPolicy({ id: 'another', evaluate: others })];
  const judgements = judge(policies, aRequest(), someFacts(), context);
  t.strictSame(
    judgements.map(({ policy, findings }) => [policy, findings.map(({ code }) => code)]),
    [
      ['a-policy', ['policy-error']],
      ['another', ['too-cold']],
    ],
  );
  t.end();
});

void t.test('a patch that does not apply is a bug of the policy, not an error of the API server', (t) => {
  const evaluate: Policy['evaluate'] = () => ({
    findings: [{ code: 'too-cold', detail: { pods: 1 }, effect: 'info' }],
    patch: [{ op: 'replace', path: '/spec/nowhere/deep', value: 1 }],
  });
  const { judgement, told } = failing(aPolicy({ evaluate }));
  t.match(judgement?.findings, [{ code: 'policy-error', effect: 'deny' }]);
  t.equal(judgement?.findings.length, 1, 'what it said beside the patch is not believed either');
  t.strictSame(judgement?.patch, [], 'and the patch is not sent');
  t.equal(told.length, 1);
  t.end();
});

void t.test('a patch leaves the request as it was', (t) => {
  const request = deepFreeze(aRequest());
  const patch = [{ op: 'add', path: '/spec/replicas', value: 1 }] as const;
  const [judgement] = judge([aPolicy({ evaluate: () => ({ findings: [], patch }) })], request, someFacts(), aContext());
  t.strictSame(judgement?.patch, patch);
  t.strictSame(request.object, { metadata: { name: 'checkout-api' }, spec: {} });
  t.end();
});

void t.test('a fact that was needed and unknown', (t) => {
  const cases = [
    { says: 'has the effect of the blind table', blindTable: { ownedReplicaSets: 'info' }, asked: undefined, effect: 'info' },
    { says: 'or that of a bug when the table is silent', blindTable: {}, asked: undefined, effect: 'deny' },
    {
      says: 'unless the policy says how bad it is here',
      blindTable: { ownedReplicaSets: 'info' },
      asked: 'deny',
      effect: 'deny',
    },
  ] as const;
  for (const { says, blindTable, asked, effect } of cases) {
    const one = { fact: 'ownedReplicaSets', ...(asked !== undefined && { effect: asked }) } as const;
    const policy = aPolicy({ evaluate: () => ({ findings: [], blind: [one] }), whenBlind: { facts: blindTable, error: 'deny' } });
    const [judgement] = judge([policy], aRequest(), someFacts({ ownedReplicaSets: unknown('timeout') }), aContext());
    t.match(judgement?.findings, [{ code: 'fact-unknown', effect, detail: { fact: 'ownedReplicaSets', why: 'timeout' } }], says);
    t.match(judgement?.findings[0]?.message, /^not judged: .* unknown \(timeout\)$/);
    t.match(judgement?.findings[0]?.next, /^Apply again /, 'and what to do is apart from it');
  }
  t.end();
});

void t.test('rendering', (t) => {
  const specs = aPolicy().findings;
  t.equal(
    render('p', specs, { code: 'too-cold', detail: { pods: 1 }, effect: 'info' }).effect,
    'info',
    'the effect may be given',
  );
  t.equal(render('p', specs, { code: 'policy-error', detail: { error: 'x' } }).message, 'not judged: internal error (x)');
  const next = ({ pods }: { readonly pods: number }) => (pods === 0 ? '' : `wait for ${pods}`);
  const helpful = { 'too-cold': { ...findingSpec<{ readonly pods: number }>({ ...specs['too-cold']!, next }) } };
  t.equal(render('p', helpful, { code: 'too-cold', detail: { pods: 1 } }).next, 'wait for 1');
  t.notOk('next' in render('p', helpful, { code: 'too-cold', detail: { pods: 0 } }), 'nothing to type is nothing');
  t.notOk('next' in render('p', specs, { code: 'too-cold', detail: { pods: 1 } }));
  for (const code of ['constructor', '__proto__', 'never-declared'])
    t.match(render('p', specs, { code, detail: {} }), { code, message: code, effect: 'warn', path: '' }, `${code} is no code`);
  t.end();
});

void t.test('a policy that crosses namespaces', (t) => {
  const labels = { strict: 'enforce', shy: 'warn', silent: 'off' };
  const mode = 'rollback-bouncer.dev/mode';
  const namespaces = known({
    get: (_none: string, name: string) => {
      const label = Object.entries(labels).find(([key]) => key === name)?.[1];
      const of = new Map(label === undefined ? [] : [[mode, label]]);
      return { namespace: '', name, uid: '', labels: of, deletionTimestamp: undefined };
    },
    by: () => [],
  });
  const about = (...where: readonly string[]) => {
    const evaluate: Policy['evaluate'] = () => ({ findings: [{ code: 'too-cold', detail: { pods: 1 }, namespaces: where }] });
    return aPolicy({ evaluate, crossesNamespaces: true });
  };
  const modeOf = (own: string, policy: Policy, more: Partial<Facts> = {}) =>
    judge([policy], aRequest(), { ...labelled({ [mode]: own }), namespaces, ...more }, aContext())[0]?.findings[0]?.mode;
  t.equal(modeOf('audit', about('strict')), 'enforce', 'the stricter of both');
  t.equal(modeOf('enforce', about('shy')), 'enforce', 'whichever it is');
  t.equal(modeOf('off', about('shy', 'silent')), 'warn', 'off here says nothing about there');
  t.equal(modeOf('off', about('silent')), undefined, 'off in both');
  t.equal(modeOf('off', about()), undefined);
  t.equal(modeOf('audit', about('elsewhere')), 'enforce', 'without a label the default');
  t.equal(modeOf('audit', about('shy'), { namespaces: blind }), 'enforce', 'unknown labels: the default');
  t.equal(modeOf('audit', { ...about('strict'), crossesNamespaces: false }), 'audit', 'only who says so');
  const many: Policy['evaluate'] = () => ({
    findings: [...Array.from({ length: 100 }, () => 'shy'), 'strict'].map((where) => ({
      code: 'too-cold',
      detail: { pods: 1 },
      namespaces: [where],
    })),
  });
  const [crowd] = judge(
    [aPolicy({ evaluate: many, crossesNamespaces: true })],
    aRequest(),
    { ...labelled({ [mode]: 'audit' }), namespaces },
    aContext(),
  );
  t.match(crowd?.findings[0], { mode: 'enforce', effect: 'deny' }, 'a crowd that is not enforced hides none that is');
  t.match(crowd?.findings.at(-1), { code: 'and-more', detail: { count: 37 } });
  const needs = selector([about()])(aRequest(), 'validate').needs;
  t.ok(needs.includes('namespaces'), 'and their labels are gathered');
  t.end();
});
