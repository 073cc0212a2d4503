import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { offlineCluster } from '../../src/cluster/offline.ts';
import { asObject, asText, type Json, type JsonObject } from '../../src/core/json.ts';
import { codesOf, play, readCases, type Case } from './cases.ts';
import { clusterManifests } from './cluster-shorthand.ts';
import { requestOf } from './requests.ts';
import { ruleManifest } from './traffic-shorthand.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
const cases = readCases().filter(({ policy }) => policy === 'weight-jump');

async function answerTo(one: Case, change: (object: JsonObject) => Json): Promise<string> {
  const changed = (object: JsonObject | undefined) => asObject(object === undefined ? undefined : change(object));
  const { object, oldObject } = one.request;
  const { validate } = await play({
    ...one,
    request: { ...one.request, object: changed(object), oldObject: changed(oldObject) },
  });
  return JSON.stringify([validate.allowed, codesOf([validate], ['deny', 'warn'])]);
}

/** Every value of an object may become another one. */
function mapped(object: JsonObject, change: (key: string, value: Json) => Json): Json {
  return JSON.parse(JSON.stringify(object), (key, value) => change(key, value as Json)) as Json;
}

void t.test('other spellings of the same change have the same verdict', async (t) => {
  const spelled = (namespace: Json | undefined, value: Json): Json => {
    const destination = asObject(value);
    const host = destination?.['host'];
    if (typeof host !== 'string' || host.includes('.') || typeof namespace !== 'string') return value;
    return { ...destination, host: `${host}.${namespace}.svc.cluster.local` };
  };
  const respellings: Readonly<Record<string, (object: JsonObject) => Json>> = {
    'all weights by seven': (object) =>
      mapped(object, (key, value) => (key === 'weight' && Number.isInteger(value) ? Number(value) * 7 : value)),
    'destinations the other way round': (object) =>
      mapped(object, (key, value) => (key === 'route' && Array.isArray(value) ? (value as Json[]).toReversed() : value)),
    'hosts in full': (object) =>
      mapped(object, (key, value) =>
        key === 'destination' ? spelled(asObject(object['metadata'])?.['namespace'], value) : value,
      ),
    'another version of the API': (object) => ({ ...object, apiVersion: 'networking.istio.io/v1alpha3' }),
    'keys in another order': (object) =>
      mapped(object, (_key, value) => {
        const inner = asObject(value);
        return inner === undefined ? value : Object.fromEntries(Object.entries(inner).toReversed());
      }),
  };
  for (const [how, respelling] of Object.entries(respellings))
    for (const one of cases.filter(({ request }) => request.kind === 'VirtualService'))
      t.equal(await answerTo(one, respelling), await answerTo(one, (object) => object), `${how}: ${one.title}`);
});

const standing = clusterManifests(
  {
    workloads: [
      { name: 'v1', labels: { app: 'checkout', version: 'v1' }, desired: 20 },
      { name: 'v2', labels: { app: 'checkout', version: 'v2' }, desired: 10, ready: 6, warm: 3 },
      { name: 'v3', labels: { app: 'checkout', version: 'v3' }, desired: 5, ready: 0 },
    ],
    services: [{ name: 'checkout', selector: { app: 'checkout' } }],
    subsets: { checkout: { v1: { version: 'v1' }, v2: { version: 'v2' }, v3: { version: 'v3' } } },
  },
  undefined,
  now,
);

type Weights = Readonly<Record<string, number>>;

/** The verdict on a change of the only rule of a route. */
async function changing(was: Json, becomes: Json, more: readonly JsonObject[] = []) {
  const [model] = cases;
  assert.ok(model !== undefined);
  const request = requestOf({ route: { was, becomes } });
  const gather = offlineCluster([...standing, request.oldObject ?? {}, ...more]).gather;
  return (await play({ ...model, request, gather, configured: {}, settings: { ...model.settings, policies: new Map() } }))
    .validate;
}

const weights = fc.record({ v1: fc.nat(100), v2: fc.nat(100), v3: fc.nat(100) }).filter(({ v1, v2, v3 }) => v1 + v2 + v3 > 0);

const sharesOf = (given: Weights): Weights => {
  const sum = Object.values(given).reduce((all, one) => all + one, 0);
  return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, sum === 0 ? 0 : one / sum]));
};

void t.test('a change by which no share grows is never denied', async (t) => {
  const shrinking = fc.asyncProperty(weights, fc.integer({ min: 1, max: 50 }), async (was, factor) => {
    const scaled = Object.fromEntries(Object.entries(was).map(([key, one]) => [key, one * factor]));
    const trimmed = Object.fromEntries(Object.entries(was).filter(([, one]) => one > 0));
    const idle = { v1: 0, v2: 0, v3: 0 };
    const mirrored = { http: [{ ...ruleOf(was), mirror: { host: 'checkout', subset: 'v3' } }] };
    const redirected = { http: [{ redirect: { uri: '/closed' } }] };
    for (const becomes of [was, scaled, trimmed, idle, mirrored, redirected])
      assert.equal((await changing(was, becomes)).allowed, true, JSON.stringify(becomes));
  });
  await fc.assert(shrinking, { numRuns: 60 });
  t.pass('scaled, trimmed, idle, mirrored, redirected');
});

function ruleOf(given: Weights): JsonObject {
  return { route: Object.entries(given).map(([subset, weight]) => ({ destination: { host: 'checkout', subset }, weight })) };
}

void t.test('who grows decides, and the largest share that is named passes', async (t) => {
  const anyChange = fc.asyncProperty(weights, weights, async (was, becomes) => {
    const { allowed, findings } = await changing(was, becomes);
    const [before, after] = [sharesOf(was), sharesOf(becomes)];
    for (const { detail, code } of findings.filter(({ effect }) => effect === 'deny')) {
      const name = asText(detail['destination']) ?? '';
      assert.ok((after[name] ?? 0) > (before[name] ?? 0), `${code} about ${name}, which does not grow`);
    }
    if (allowed) assert.ok(!((after['v3'] ?? 0) > 0 && (before['v3'] ?? 0) === 0 && (before['v1'] ?? 0) > 0), 'onto nobody');
  });
  await fc.assert(anyChange, { numRuns: 200 });
  const oneCanary = fc.asyncProperty(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 21, max: 100 }), async (from, to) => {
    const { allowed, findings } = await changing({ v1: 100 - from, v2: from }, { v1: 100 - to, v2: to });
    const largest = Number(findings.find(({ effect }) => effect === 'deny')?.detail['maxAllowedPercent']);
    fc.pre(!allowed && largest > from);
    assert.equal((await changing({ v1: 100 - from, v2: from }, { v1: 100 - largest, v2: largest })).allowed, true);
  });
  await fc.assert(oneCanary, { numRuns: 60 });
  t.pass('only shares that grow are denied');
});

void t.test('a share is the same under one name or under many', async (t) => {
  const aliases = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`alias-${index}`, { version: 'v2' }]));
  const rule = ruleManifest('checkout', { v1: { version: 'v1' }, v2: { version: 'v2' }, ...aliases });
  const split = fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20 }), async (parts, each) => {
    const share = parts * each;
    const named = Object.fromEntries(Array.from({ length: parts }, (_, index) => [`alias-${index}`, each]));
    const one = await changing({ v1: 100 }, { v1: 100 - share, v2: share }, [rule]);
    const many = await changing({ v1: 100 }, { v1: 100 - share, ...named }, [rule]);
    assert.equal(many.allowed, one.allowed, `${share}% as ${parts} times ${each}%`);
    assert.deepEqual(codesOf([many], ['deny', 'warn']), codesOf([one], ['deny', 'warn']));
  });
  await fc.assert(split, { numRuns: 60 });
  t.pass('whatever the names');
});

void t.test('the way out that a denial names lets the change through', async (t) => {
  const label = /kubectl label ns ([a-z0-9 -]+) --overwrite rollback-bouncer\.dev\/weight-jump=warn/;
  let tried = 0;
  for (const one of cases) {
    const { validate } = await play(one);
    const named = validate.findings.filter(({ effect, mode }) => effect === 'deny' && mode === 'enforce');
    const ways = named.map(({ next }) => label.exec(next ?? '')?.[1]?.split(' '));
    if (validate.allowed || ways.includes(undefined) || Object.keys(one.given).length > 0) continue;
    const relaxed = new Set(ways.flatMap((namespaces) => namespaces ?? []));
    const cluster = one.cluster.map((object) => {
      const { name } = object['metadata'] as { readonly name: string };
      const labels = { 'rollback-bouncer.dev/weight-jump': 'warn' };
      return object['kind'] === 'Namespace' && relaxed.has(name) ? { ...object, metadata: { name, labels } } : object;
    });
    tried += 1;
    const again = await play({ ...one, gather: offlineCluster(cluster).gather });
    t.equal(again.validate.allowed, true, one.title);
  }
  t.ok(tried > 30, 'many denials have such a way');
});

void t.test('whatever the objects are made of', async (t) => {
  const odd = fc.constantFrom<Json>(
    null,
    '',
    'x',
    0,
    -1,
    1.5,
    2 ** 31,
    true,
    [],
    {},
    [[]],
    [null],
    { constructor: 1 },
    '__proto__',
  );
  const hosts = fc.constantFrom<Json>(
    '...',
    '.',
    'süß',
    '☃.svc',
    'a'.repeat(300),
    '*.shop.svc',
    '10.0.0.1',
    '[::1]',
    'checkout.',
  );
  const junk = fc.asyncProperty(fc.constantFrom(...cases), fc.nat(), fc.oneof(odd, hosts), async (one, where, value) => {
    let index = 0;
    const count = (object: JsonObject) => mapped(object, (_key, inner) => ((index += 1), inner));
    count(one.request.object ?? one.request.oldObject ?? {});
    const target = where % Math.max(index, 1);
    const broken = (object: JsonObject) => {
      index = 0;
      return mapped(object, (_key, inner) => ((index += 1) === target ? value : inner));
    };
    // `play` throws when a policy does.
    await answerTo(one, broken);
  });
  await fc.assert(junk, { numRuns: 1500 });
  t.pass('a finding or a clean pass, never a throw');
});

void t.test('ten thousand destinations, and delegates in a circle', async (t) => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({ destination: { host: `service-${index}` }, weight: 1 }));
  const verdict = await changing({ v1: 100 }, { http: [{ route: many }] });
  t.equal(verdict.allowed, false);
  t.ok(verdict.findings.length <= 65, 'bounded');
  const rules = Array.from({ length: 2_000 }, (_, index) => ({
    match: [{ uri: { prefix: `/${index}` } }],
    ...ruleOf({ v1: 1 }),
  }));
  t.equal((await changing({ v1: 100 }, { http: [...rules, ruleOf({ v1: 100 })] })).allowed, true, 'two thousand rules');
  const circle = await changing({ v1: 100 }, { http: [{ delegate: { name: 'checkout' } }] });
  t.strictSame(codesOf([circle], ['deny', 'warn']), ['odd-rule']);
  const huge = { http: [{ route: [{ destination: { host: 'checkout', subset: 'v2' }, weight: 2 ** 31 }] }, {}, null] };
  t.equal((await changing({ v1: 100 }, huge)).allowed, true, 'left to Istio, which refuses it');
});
