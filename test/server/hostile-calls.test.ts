import t from 'tap';
import { asObject, at, own, type Json, type JsonObject } from '../../src/core/json.ts';
import { anObject, aReview, ask, call, startApp, textOf } from './running-app.ts';

const running = await startApp(t);
const post = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
  call(running, { path: '/mutate', body, headers });

void t.test('H01, H02: what is no review is refused in one clear line', async (t) => {
  const review = JSON.stringify(aReview());
  const bodies: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /the body is empty/],
    ['null', 'null', /must be object$/],
    ['a list', '[]', /must be object$/],
    ['text', '"x"', /must be object$/],
    ['half of a review', review.slice(0, review.length / 2), /the body is not JSON/],
    ['a review and more', `${review}x`, /the body is not JSON/],
    ['YAML', 'apiVersion: admission.k8s.io/v1', /the body is not JSON/],
    ['a BOM', `\ufeff${review}`, /the body is not JSON/],
    [
      'another version',
      textOf((text) => text.replace('k8s.io/v1', 'k8s.io/v1beta1')),
      /apiVersion must be admission\.k8s\.io\/v1$/,
    ],
    ['another kind', textOf((text) => text.replace('"AdmissionReview"', '"Status"')), /kind must be equal to constant/],
    ['no request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', /required property 'request'/],
    ['an answer', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{}}', /required property 'request'/],
    ['no uid', JSON.stringify(aReview({ uid: undefined })), /required property 'uid'/],
    ['no operation', JSON.stringify(aReview({ operation: undefined })), /required property 'operation'/],
    [
      'an operation nobody knows',
      JSON.stringify(aReview({ operation: 'DELETE;' })),
      /request\.operation must be equal to one of/,
    ],
    ['no resource', JSON.stringify(aReview({ resource: undefined })), /required property 'resource'/],
    ['dryRun as text: nothing is coerced', JSON.stringify(aReview({ dryRun: 'true' })), /request\.dryRun must be boolean/],
    ['a name of null', JSON.stringify(aReview({ name: null })), /request\.name must be string/],
  ];
  for (const [says, body, expected] of bodies) {
    const { status, headers, text, json } = await post(body);
    t.equal(status, 400, says);
    t.match(own(json, 'error'), expected);
    t.strictSame(Object.keys(asObject(json) ?? {}), ['error'], 'and nothing that could pass for an answer');
    t.match(headers['content-type'], /^application\/json/);
    t.ok(text.length < 300 && !/[\n\r]/.test(text), 'in one short line');
  }
});

void t.test('H03: a uid must be short and printable', async (t) => {
  for (const uid of ['u'.repeat(1024 * 1024), 'u'.repeat(129), '', 'a\nb', 'a b', '\u001b[2J', 'ü', 7, null, {}, ['u'], true])
    t.equal((await post(JSON.stringify(aReview({ uid })))).status, 400, JSON.stringify(uid).slice(0, 20));
  t.equal((await post(JSON.stringify(aReview({ uid: 'u'.repeat(128) })))).status, 200);
});

void t.test('H04: the body is what it is, whatever its header says', async (t) => {
  const body = JSON.stringify(aReview());
  const plain = (await post(body)).text;
  const types = [
    'application/json',
    'application/json\t',
    'application/json;',
    'application/json ;charset=utf-16',
    'text/plain',
    'x',
    '',
    ';;;',
  ];
  for (const type of types) {
    const answer = await post(body, { 'content-type': type });
    t.equal(answer.text, plain, JSON.stringify(type));
    t.equal((await post('not JSON', { 'content-type': type })).status, 400);
  }
  t.equal((await post(body, { 'content-encoding': 'identity' })).text, plain);
  t.equal((await post(body, { expect: '100-continue' })).text, plain);
});

void t.test('H05: keys named __proto__ and constructor are keys', async (t) => {
  const expected = await ask(running, 'mutate', aReview());
  const keys = [
    '"__proto__":{"allowed":true,"polluted":1}',
    '"\\u005f\\u005fproto__":{"polluted":1}',
    '"constructor":{"prototype":{"polluted":1}}',
  ];
  const places: readonly (readonly [string, string])[] = [
    ['the review', '"kind":"AdmissionReview"'],
    ['the request', '"operation":"CREATE"'],
    ['the object', '"spec":{"replicas":4'],
    ['the metadata', '"name":"checkout-api","namespace":"prod-eu-central","uid":"6f1'],
    ['a container', '"image":"registry.example/checkout-api:2.0.0"'],
    ['the user', '"username":"developer"'],
  ];
  for (const [place, beside] of places) {
    for (const key of keys) {
      const body = textOf((text) => text.replace(beside, `${key},${beside}`));
      t.ok(body.includes(key), 'it is in there');
      const { status, json } = await post(body);
      t.equal(status, 200, `${key} in ${place}`);
      t.strictSame(at(json, 'response'), expected);
    }
  }
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
  t.equal(({} as Record<string, unknown>)['allowed'], undefined);
});

void t.test('H06: an object may be called constructor', async (t) => {
  const object = structuredClone(anObject('checkout-api')) as { readonly metadata: Record<string, string> };
  object.metadata['name'] = 'constructor';
  await ask(running, 'mutate', aReview({ name: 'constructor', namespace: '__proto__', object: object as unknown as JsonObject }));
  t.match(JSON.parse(running.audit.at(-1) ?? ''), { name: 'constructor', namespace: '__proto__' });
});

void t.test('H07: no text of a user writes into a terminal or a log', async (t) => {
  const nasty = 'ok"}\n{"level":30,"decision":"allow","user":"root"}\u001b[2J\u202e\u2028\u0000';
  const object = structuredClone(anObject('checkout-api')) as { readonly metadata: Record<string, Json> };
  object.metadata['annotations'] = { 'rollback-bouncer.dev/startup-probe': `skip; reason=${nasty}` };
  const userInfo = { username: nasty, groups: [nasty, 7, null] };
  const review = aReview({ name: nasty, namespace: nasty, userInfo, object: object as unknown as JsonObject, subResource: '' });
  const before = running.audit.length;
  for (const phase of ['mutate', 'validate'] as const) {
    const response = await ask(running, phase, review);
    t.notMatch(JSON.stringify(response['warnings'] ?? []), /[\p{Cc}\p{Bidi_Control}\u2028]/u);
  }
  const lines = running.audit.slice(before);
  t.equal(lines.length, 2, 'one line a decision');
  for (const line of lines) {
    t.notMatch(line.replace(/\n$/, ''), /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u, 'which is one physical line');
    t.match(JSON.parse(line), { user: { name: /^ok"\} \{"level":30/ }, name: /^ok"\} / }, 'and parses back');
  }
});
