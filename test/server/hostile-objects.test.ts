import t from 'tap';
import { asList, asObject, at, own, type Json, type JsonObject } from '../../src/core/json.ts';
import { anObject, aReview, ask, call, patchIn, startApp, textOf } from './running-app.ts';

const running = await startApp(t);

/** `checkout-api` with its containers as given. */
function withContainers(containers: Json): JsonObject {
  const object = structuredClone(anObject('checkout-api'));
  const spec = at(object, 'spec', 'template', 'spec') as Record<string, Json>;
  spec['containers'] = containers;
  return object;
}

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
  t.equal(
    (await call(running, { path: '/mutate', body: JSON.stringify(aReview({ operation: 'UPDATE', object, oldObject })) })).status,
    200,
  );
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
  t.equal(asList(warned['warnings']).length, 31);

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
