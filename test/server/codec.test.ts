import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Effect, Mode } from '../../src/core/finding.ts';
import { asList, asObject, asText, at, type Json, type JsonObject } from '../../src/core/json.ts';
import type { PatchOperation } from '../../src/core/patch.ts';
import { foldVerdict } from '../../src/core/verdict.ts';
import { decodeReview, encodeReview } from '../../src/server/codec.ts';
import { holds } from '../core/property.ts';
import { aFinding, aJudgement, aRequest } from '../core/samples.ts';
import { aReview } from './running-app.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom('\n', '\u001b[2J', '\u202e', '\u2028', '\ud800', '"', ''),
);
const finding = fc.record({
  next: text,
  policy: fc.constantFrom('startup-probe', 'weight-jump', 'live-traffic'),
  code: fc.constantFrom('too-cold', 'no-op', 'target-no-ready-endpoints'),
  effect: fc.constantFrom<Effect>('deny', 'warn', 'info'),
  message: text,
  path: text,
});
const operation: fc.Arbitrary<PatchOperation> = fc.record({
  op: fc.constant('add' as const),
  path: text,
  value: fc.jsonValue(),
});
const judgement = fc.record({
  mode: fc.constantFrom<Mode>('enforce', 'warn', 'audit'),
  findings: fc.array(finding, { maxLength: 40 }),
  patch: fc.array(operation, { maxLength: 3 }),
});
const uid = fc.stringMatching(/^[!-~]{1,128}$/);

/** What the API server checks in the answer of a v1 webhook, from k8s.io/apiserver's admissionreview.go, statuserror.go and warning.go. */
function checkAnswer(body: string, phase: string, uid: string): JsonObject {
  const review = JSON.parse(body) as Json;
  assert.deepEqual(Object.keys(asObject(review) ?? {}).toSorted(), ['apiVersion', 'kind', 'response']);
  assert.equal(at(review, 'apiVersion'), 'admission.k8s.io/v1');
  assert.equal(at(review, 'kind'), 'AdmissionReview');
  const response = asObject(at(review, 'response'));
  assert.ok(response !== undefined);
  assert.equal(response['uid'], uid);
  assert.equal(typeof response['allowed'], 'boolean');
  const { patch, patchType } = response;
  assert.equal(patch === undefined, patchType === undefined, 'both or neither');
  if (phase === 'validate' || response['allowed'] === false) assert.equal(patch, undefined);
  if (patch !== undefined) {
    assert.equal(patchType, 'JSONPatch');
    const bytes = Buffer.from(asText(patch) ?? '', 'base64');
    assert.equal(bytes.toString('base64'), patch, 'strict base64');
    assert.ok(asList(JSON.parse(bytes.toString('utf8'))).length > 0);
  }
  return response;
}

function checkWords(response: JsonObject): void {
  for (const warning of asList(response['warnings'])) {
    assert.ok(typeof warning === 'string' && warning.length <= 120);
    assert.doesNotMatch(warning, /\p{Cc}/u, 'a header cannot carry it');
  }
  for (const [key, value] of Object.entries(asObject(response['auditAnnotations']) ?? {})) {
    assert.match(key, /^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/, 'the part of a qualified name behind the slash');
    assert.ok(typeof value === 'string' && Buffer.byteLength(value) < 1024);
  }
}

function checkStatus(response: JsonObject): void {
  const status = response['status'];
  assert.equal(status === undefined, response['allowed'], 'a status says why not');
  if (status === undefined) return;
  assert.equal(at(status, 'code'), 403);
  assert.equal(at(status, 'reason'), 'Forbidden');
  assert.equal(at(status, 'status'), 'Failure');
  const message = asText(at(status, 'message')) ?? '';
  assert.ok(message !== '' && message.length <= 1024);
  const causes = asList(at(status, 'details', 'causes'));
  assert.ok(causes.length > 0);
  for (const cause of causes) {
    assert.match(asText(at(cause, 'reason')) ?? '', /^[a-z-]+\/[a-z-]+$/);
    assert.ok(typeof at(cause, 'field') === 'string' && typeof at(cause, 'message') === 'string');
    assert.ok((asText(at(cause, 'message')) ?? '').length <= 1024);
    assert.doesNotMatch(JSON.stringify(cause), /[\p{Cc}\p{Bidi_Control}\u2028]/u);
  }
}

void t.test('every answer keeps the rules of the API server', (t) => {
  const property = fc.property(
    uid,
    fc.constantFrom('mutate' as const, 'validate' as const),
    fc.array(judgement, { maxLength: 4 }),
    (uid, phase, said) => {
      const judgements = said.map(({ mode, findings, patch }) =>
        aJudgement({ mode, patch, findings: findings.map((one) => aFinding({ ...one, mode })) }),
      );
      const { body, patchDigest } = encodeReview(aRequest({ uid }), phase, foldVerdict(judgements));
      const response = checkAnswer(body, phase, uid);
      checkWords(response);
      checkStatus(response);
      assert.equal(patchDigest === undefined, response['patch'] === undefined);
    },
  );
  holds(t, 'v1', property, 500);
  t.end();
});

void t.test('a denial carries the way out, in the message and in its cause', (t) => {
  const findings = [aFinding({ next: 'kubectl get pods', path: 'spec' })];
  const { body } = encodeReview(aRequest(), 'validate', foldVerdict([aJudgement({ findings })]));
  t.match(at(JSON.parse(body) as Json, 'response', 'status'), {
    message: '[a-policy] 2 pods are cold. kubectl get pods',
    details: { causes: [{ reason: 'a-policy/too-cold', message: '2 pods are cold. kubectl get pods', field: 'spec' }] },
  });
  t.end();
});

void t.test('the digest is that of the patch as sent', (t) => {
  const judgements = [aJudgement({ patch: [{ op: 'add', path: '/ü', value: 'ß' }] })];
  const { body, patchDigest } = encodeReview(aRequest(), 'mutate', foldVerdict(judgements));
  t.equal(
    Buffer.from(asText(at(JSON.parse(body), 'response', 'patch')) ?? '', 'base64').toString('utf8'),
    '[{"op":"add","path":"/ü","value":"ß"}]',
  );
  t.match(patchDigest, /^sha256:[0-9a-f]{64}$/);
  t.end();
});

void t.test('what a review becomes', (t) => {
  const decoded = decodeReview(Buffer.from(JSON.stringify(aReview({ subResource: 'scale', dryRun: true, namespace: '' }))));
  t.match(decoded, {
    ok: true,
    request: {
      uid: 'a-review',
      operation: 'CREATE',
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      subresource: 'scale',
      kind: 'Deployment',
      namespace: '',
      name: 'checkout-api',
      user: { name: 'developer', groups: ['system:authenticated'] },
      dryRun: true,
      oldObject: undefined,
    },
  });
  const bare = { name: undefined, namespace: undefined, userInfo: undefined, dryRun: undefined, object: null };
  const poor = decodeReview(Buffer.from(JSON.stringify(aReview(bare))));
  t.match(poor, {
    ok: true,
    request: { name: '', namespace: '', user: { name: '', groups: [] }, dryRun: false, object: undefined },
  });
  t.end();
});

void t.test('whatever the body, it is a review or one line', (t) => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
    fc
      .dictionary(fc.constantFrom('uid', 'operation', 'resource', 'kind', 'name', 'dryRun', 'userInfo', 'object'), fc.jsonValue())
      .map((more) => Buffer.from(JSON.stringify(aReview(more as JsonObject)))),
  );
  const property = fc.property(body, (bytes) => {
    const decoded = decodeReview(bytes);
    if (!decoded.ok) assert.match(decoded.fault, /^[^\p{Cc}]{1,200}$/u);
    else assert.match(decoded.request.uid, /^[!-~]{1,128}$/);
  });
  holds(t, 'decoding is total', property, 500);
  for (const odd of [undefined, null, 'text', {}, []]) t.match(decodeReview(odd), { ok: false, status: 400 });
  t.end();
});
