import t from 'tap';
import { known } from '../../src/core/facts.ts';
import { at, type JsonObject } from '../../src/core/json.ts';
import { selector } from '../../src/core/select.ts';
import { longestMs, reserveMs } from '../../src/server/deadline.ts';
import { aPolicy, someFacts } from '../core/samples.ts';
import { anObject, aReview, ask, call, patchIn, startApp } from './running-app.ts';

const denying = aPolicy({ evaluate: () => ({ findings: [{ code: 'too-cold', detail: { pods: 2 }, path: 'spec.replicas' }] }) });

void t.test('mutate and validate', async (t) => {
  const running = await startApp(t);
  const answer = await call(running, { path: '/mutate', body: JSON.stringify(aReview()) });
  t.equal(answer.status, 200);
  t.match(answer.headers['content-type'], /^application\/json/);
  t.match(answer.json, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'a-review', allowed: true },
  });
  const response = at(answer.json, 'response') as JsonObject;
  t.equal(response['patchType'], 'JSONPatch');
  t.match(patchIn(response), [{ op: 'add', path: '/spec/template/spec/containers/0/startupProbe' }]);
  t.strictSame(response['auditAnnotations'], {
    decision: 'mutate',
    'decision-id': 'a-review',
    policies: 'startup-probe/probe-added',
  });

  const validated = await ask(running, 'validate', aReview());
  t.match(validated, { uid: 'a-review', allowed: true });
  t.notOk('patch' in validated || 'patchType' in validated, 'only the mutating side patches');
  t.match(validated['warnings'], [/^\[startup-probe\] container checkout-api runs a JVM without startupProbe/]);
  t.equal((await ask(running, 'validate', aReview({ object: anObject('catalog-go') })))['warnings'], undefined);
});

void t.test('a denial', async (t) => {
  const running = await startApp(t, { select: selector([denying]) });
  for (const phase of ['mutate', 'validate'] as const) {
    const response = await ask(running, phase, aReview());
    t.strictSame(response['status'], {
      status: 'Failure',
      code: 403,
      reason: 'Forbidden',
      message: '[a-policy] 2 pods are cold',
      details: { causes: [{ reason: 'a-policy/too-cold', message: '2 pods are cold', field: 'spec.replicas' }] },
    });
    t.equal(response['allowed'], false);
    t.notOk('patch' in response);
  }
});

void t.test('modes come from the namespace', async (t) => {
  const gather = () => someFacts({ namespaceLabels: known(new Map([['rollback-bouncer.dev/mode', 'warn']])) });
  const running = await startApp(t, { select: selector([denying]), gather });
  t.match(await ask(running, 'validate', aReview()), { allowed: true, warnings: ['[a-policy] 2 pods are cold'] });
});

void t.test('a dry run gets the same answer', async (t) => {
  const running = await startApp(t);
  t.strictSame(await ask(running, 'mutate', aReview({ dryRun: true })), await ask(running, 'mutate', aReview()));
  t.strictSame(
    running.audit.map((line) => (JSON.parse(line) as JsonObject)['dryRun']),
    [true, false],
  );
});

void t.test('a repeated call has the same answer and another attempt', async (t) => {
  const running = await startApp(t);
  const first = await ask(running, 'mutate', aReview());
  t.strictSame(await ask(running, 'mutate', aReview()), first);
  await ask(running, 'validate', aReview());
  t.strictSame(
    running.audit.map((line) => at(JSON.parse(line), 'attempt')),
    [1, 2, 1],
    'each side counts for itself',
  );
});

void t.test('the deadline of the API server is kept, with a reserve', async (t) => {
  let deadlineMs = 0;
  let confirmedBy = 0;
  const running = await startApp(t, {
    gather: (_needs, _request, deadline) => {
      deadlineMs = deadline;
      return someFacts();
    },
    confirm: (_facts, denied, deadline) => {
      confirmedBy = denied ? 0 : deadline;
      return undefined;
    },
  });
  const body = JSON.stringify(aReview());
  for (const [query, budgetMs] of [
    ['?timeout=1s', 1_000 - reserveMs],
    ['?timeout=500ms&x=y', 500 - reserveMs],
    ['?timeout=30s', longestMs],
    ['?timeout=1s&timeout=2s', longestMs],
    ['', longestMs],
  ] as const) {
    const before = performance.now();
    t.equal((await call(running, { path: `/validate${query}`, body })).status, 200, query);
    t.ok(deadlineMs >= before + budgetMs && deadlineMs <= performance.now() + budgetMs, `${budgetMs} ms`);
    t.equal(confirmedBy, deadlineMs, 'the second look has no time of its own');
  }
});

void t.test('facts that fail, and bugs, are answers too', async (t) => {
  const running = await startApp(t, { gather: () => Promise.reject(new TypeError('a secret')) });
  const validated = await ask(running, 'validate', aReview());
  t.match(validated, { allowed: false, status: { code: 403, message: /internal error/ } }, 'the validating side denies');
  const mutated = await ask(running, 'mutate', aReview());
  t.match(mutated, { allowed: true, warnings: [/internal error/] }, 'the mutating side changes nothing');
  t.notOk('patch' in mutated);
  t.notMatch(JSON.stringify([validated, mutated]) + running.audit.join(''), /secret/, 'what an error says is for the log');
  t.equal(running.log.length, 2);
  t.match(JSON.parse(running.log[0] ?? ''), { level: 'error', msg: 'review failed', decisionId: 'a-review' });
});

void t.test('a policy that throws is told in the log and found in the answer', async (t) => {
  const evaluate = (): never => {
    throw new RangeError('a secret');
  };
  const running = await startApp(t, { select: selector([aPolicy({ evaluate })]) });
  const response = await ask(running, 'validate', aReview());
  t.match(response, { allowed: false, status: { message: '[a-policy] not judged: internal error (RangeError)' } });
  t.match(JSON.parse(running.log[0] ?? ''), { msg: 'policy failed', policy: 'a-policy', decisionId: 'a-review' });
});

void t.test('many at once', async (t) => {
  const running = await startApp(t);
  const uids = Array.from({ length: 100 }, (_, index) => `uid-${index}`);
  const responses = await Promise.all(uids.map((uid) => ask(running, 'mutate', aReview({ uid }))));
  t.strictSame(
    responses.map(({ uid }) => uid),
    uids,
    'every answer is for its own question',
  );
  t.equal(running.audit.length, uids.length);
});
