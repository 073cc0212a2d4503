import t from 'tap';
import { asList, asObject, at, own, type Json, type JsonObject } from '../../src/core/json.ts';
import { aReview, anObject, ask, call, patchIn, startApp } from './running-app.ts';

const running = await startApp(t);
const post = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
  call(running, { path: '/mutate', body, headers });

/** The review with its object changed in the text, where JSON.stringify would not write it. */
function textOf(change: (text: string) => string): string {
  return change(JSON.stringify(aReview()));
}

/** `checkout-api` with its containers as given. */
function withContainers(containers: Json): JsonObject {
  const object = structuredClone(anObject('checkout-api'));
  const spec = at(object, 'spec', 'template', 'spec') as Record<string, Json>;
  spec['containers'] = containers;
  return object;
}

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

void t.test('H11: a large object with many values', async (t) => {
  const canary = 'hunter2-canary';
  const secrets = Array.from({ length: 10_000 }, (_, index) => ({
    name: `SECRET_${index}`,
    value: `${canary}-${index}`.padEnd(110, 'x'),
  }));
  const env = [{ name: 'JAVA_TOOL_OPTIONS', value: `-Dpassword=${canary}` }, ...secrets];
  const [base] = asList(at(anObject('checkout-api'), 'spec', 'template', 'spec', 'containers'));
  const object = withContainers([{ ...asObject(base), env }]);
  const oldObject = withContainers([{ ...asObject(base), env, image: 'registry.example/checkout-api:1.0.0' }]);
  const body = JSON.stringify(aReview({ operation: 'UPDATE', object, oldObject }));
  t.ok(body.length > 2_800_000, `${body.length} bytes`);
  for (const path of ['/mutate', '/validate']) {
    const started = performance.now();
    const answer = await call(running, { path, body });
    t.equal(answer.status, 200);
    t.ok(performance.now() - started < 5_000, 'without hanging');
    t.notMatch(answer.text, canary);
  }
  t.equal(at(JSON.parse(running.audit.at(-2) ?? ''), 'verdict'), 'mutate', 'it was judged');
  t.notMatch((await call(running, { method: 'GET', path: '/metrics' })).text, canary);
  t.notMatch(running.audit.join('') + running.log.join(''), canary);
});

void t.test('objects of 3 MiB, twice', async (t) => {
  const object = { ...anObject('checkout-api'), filler: 'x'.repeat(3 * 1024 * 1024) };
  const oldObject = {
    ...object,
    metadata: { name: 'checkout-api', uid: 'u', annotations: { filler: '\n'.repeat(1024 * 1024) } },
  };
  t.equal((await post(JSON.stringify(aReview({ operation: 'UPDATE', object, oldObject })))).status, 200);
});

void t.test('H13: long texts take no more time than reading them', async (t) => {
  const image = `${'a'.repeat(200_000)}!`;
  const long = '-Xmx1g '.repeat(150_000);
  const shapes: readonly JsonObject[] = [
    { name: 'a', image },
    { name: 'a', image: `${'a/'.repeat(100_000)}:${'-'.repeat(1000)}@sha256:` },
    { name: 'a', image: 'openjdk', env: [{ name: 'JAVA_TOOL_OPTIONS', value: long }] },
    { name: 'a', image: 'x', command: [long], args: [long, `${' '.repeat(200_000)}java`] },
    { name: 'a'.repeat(200_000), image: 'openjdk', livenessProbe: { httpGet: { path: '/'.repeat(200_000), port: 8080 } } },
    { name: 'a', image: 'openjdk', readinessProbe: { httpGet: { path: `${'/ready'.repeat(40_000)}!`, port: long } } },
  ];
  for (const [index, shape] of shapes.entries()) {
    const started = performance.now();
    for (const phase of ['mutate', 'validate'] as const) {
      const response = await ask(running, phase, aReview({ object: withContainers([shape]) }));
      t.equal(response['allowed'], true);
      t.ok(JSON.stringify(response).length < 3 * 1024 * 1024);
    }
    t.ok(performance.now() - started < 5_000, `shape ${index} does not hang`);
    t.ok((running.audit.at(-1) ?? '').length < 20_000, 'and its line is short');
  }
});

void t.test('H18: the right container, whatever stands beside it', async (t) => {
  const [jvm] = asList(at(anObject('checkout-api'), 'spec', 'template', 'spec', 'containers'));
  const go = { name: 'a~1/b', image: 'registry.example/catalog:1', command: ['/catalog'], ports: [{ containerPort: 9090 }] };
  const object = structuredClone(withContainers([go, { ...asObject(jvm), name: 'x~0/y' }]));
  const spec = at(object, 'spec', 'template', 'spec') as Record<string, Json>;
  spec['initContainers'] = [{ ...asObject(jvm), name: 'sidecar', restartPolicy: 'Always' }];
  const patch = patchIn(await ask(running, 'mutate', aReview({ object })));
  t.strictSame(
    asList(patch).map((one) => own(one, 'path')),
    ['/spec/template/spec/containers/1/startupProbe'],
  );

  const none = patchIn(
    await ask(running, 'mutate', aReview({ object: withContainers([{ ...asObject(jvm), startupProbe: null }]) })),
  );
  t.match(
    asList(none).map((one) => own(one, 'op')),
    ['replace'],
    'null is none, and is replaced',
  );
});

void t.test('H18: 40 containers, and containers that are none', async (t) => {
  const [jvm] = asList(at(anObject('checkout-api'), 'spec', 'template', 'spec', 'containers'));
  const forty = Array.from({ length: 40 }, (_, index) => ({ ...asObject(jvm), name: `c-${index}` }));
  const response = await ask(running, 'mutate', aReview({ object: withContainers(forty) }));
  t.equal(asList(patchIn(response)).length, 40);
  const warned = await ask(running, 'validate', aReview({ object: withContainers(forty) }));
  t.equal(asList(warned['warnings']).length, 40);

  const odd: readonly Json[] = [
    [],
    [null],
    ['text'],
    [[]],
    {},
    'text',
    null,
    [{}],
    [{ name: 7, image: {} }],
    [{ name: 'a', image: null, env: 'x', ports: 7 }],
  ];
  for (const containers of odd) {
    const answered = await ask(running, 'mutate', aReview({ object: withContainers(containers) }));
    t.equal(answered['allowed'], true, JSON.stringify(containers));
    t.strictSame(patchIn(answered), [], 'the API server refuses it in its own words');
    t.equal((await ask(running, 'validate', aReview({ object: withContainers(containers) })))['allowed'], true);
  }
});

void t.test('H19: kinds of others, and our kinds with parts missing', async (t) => {
  const pods = { group: '', version: 'v1', resource: 'pods' };
  const foreign: readonly JsonObject[] = [
    { resource: pods, kind: { group: '', version: 'v1', kind: 'Pod' } },
    { resource: { group: 'example.com', version: 'v7', resource: 'gadgets' } },
    { operation: 'CONNECT', resource: pods, subResource: 'exec', object: { command: ['sh'] } },
    { subResource: 'status' },
    { operation: 'DELETE', object: null, oldObject: anObject('checkout-api') },
    { operation: 'DELETE', object: null, oldObject: null },
    { resource: { group: '', version: 'v1', resource: '__proto__' } },
  ];
  for (const more of foreign)
    for (const phase of ['mutate', 'validate'] as const) {
      const response = await ask(running, phase, aReview(more));
      t.strictSame(Object.keys(response), ['uid', 'allowed', 'auditAnnotations'], JSON.stringify(more));
      t.equal(response['allowed'], true);
    }
  const missing: readonly JsonObject[] = [
    { object: null },
    { object: [] },
    { object: 'text' },
    { operation: 'UPDATE', oldObject: null },
    { operation: 'UPDATE', object: null, oldObject: anObject('checkout-api') },
  ];
  for (const more of missing) {
    const denied = await ask(running, 'validate', aReview(more));
    t.match(denied, { allowed: false, status: { code: 403, message: /^\[review\] the review carries no / } });
    const passed = await ask(running, 'mutate', aReview(more));
    t.match(passed, { allowed: true, warnings: [/^\[review\] the review carries no /] });
    t.notOk('patch' in passed);
  }
});

void t.test('objects without their fields, and an abyss', async (t) => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const texts = [
    JSON.stringify(aReview({ object: {} })),
    JSON.stringify(aReview({ object: { spec: { template: { spec: {} } } } })),
    JSON.stringify(aReview({ operation: 'UPDATE', object: { spec: 7 }, oldObject: { spec: [] } })),
    textOf((text) => text.replace('"spec":{"replicas":4', `"deep":${deep},"spec":{"replicas":4`)),
    textOf((text) => text.replace('"ports":[', `"deep":${deep},"ports":[`)),
    textOf((text) => text.replace('"dryRun":false', `"dryRun":false,"deep":${deep}`)),
  ];
  for (const text of texts)
    for (const path of ['/mutate', '/validate']) t.equal((await call(running, { path, body: text })).status, 200);
  t.equal((await call(running, { method: 'GET', path: '/livez' })).status, 200, 'and we live');
});
