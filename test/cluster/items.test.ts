import fc from 'fast-check';
import t from 'tap';
import { createPool } from '../../src/cluster/items/intern.ts';
import { labelsOf } from '../../src/cluster/items/metadata.ts';
import { anyKind, anyStore, createStores, kindNames, kindOf, kinds } from '../../src/cluster/kinds.ts';
import { factSources, type FactKey } from '../../src/core/facts.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { anyService, ruleKey, serviceKey, workloadKey } from '../../src/core/keys.ts';
import { hostKey } from '../../src/kubernetes/routes/host.ts';

void t.test('kinds', (t) => {
  t.equal(kindOf('apps', 'replicasets'), 'replicaSets');
  t.equal(kindOf('apps', 'pods'), undefined);
  for (const name of kindNames) {
    const [source] = factSources[name satisfies FactKey];
    t.strictSame(source, { group: kinds[name].group, resource: kinds[name].resource }, `${name} is read where it says`);
  }
  t.end();
});

void t.test('pods', (t) => {
  const container = (startedAt: string, more = {}): JsonObject => ({ state: { running: { startedAt } }, ...more });
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const raw = {
    metadata: {
      name: 'p',
      namespace: 'shop',
      uid: 'u',
      labels: { app: 'cart', odd: 1 },
      ownerReferences: [{ controller: true, kind: 'ReplicaSet', name: 'cart-1', uid: 'rs' }],
      managedFields: [],
    },
    spec: { containers: [{}, {}] },
    status: {
      podIP: '10.0.0.1',
      conditions: [ready],
      containerStatuses: [
        container('2025-12-31T23:59:00Z', { started: true, restartCount: 2 }),
        container('2025-12-31T23:59:30Z', { started: true, restartCount: 1 }),
      ],
    },
  };
  const pod = kinds.pods.project(raw);
  t.strictSame(pod, {
    namespace: 'shop',
    name: 'p',
    uid: 'u',
    labels: new Map([['app', 'cart']]),
    controller: { kind: 'ReplicaSet', name: 'cart-1', uid: 'rs' },
    podIP: '10.0.0.1',
    ready: true,
    readySince: Date.UTC(2026, 0, 1),
    started: true,
    terminating: false,
  });
  t.equal(kinds.pods.project(structuredClone(raw))?.controller, pod?.controller, 'siblings share their controller');
  const status = (conditions: readonly JsonObject[], containerStatuses: readonly JsonObject[]) =>
    kinds.pods.project({ metadata: { name: 'p' }, status: { conditions, containerStatuses } });
  t.equal(
    status([ready], [container('2026-01-01T00:05:00Z'), container('2025-01-01T00:00:00Z')])?.readySince,
    Date.UTC(2026, 0, 1, 0, 5),
    'a container that was restarted is cold, whatever the condition says',
  );
  t.match(status([{ ...ready, lastTransitionTime: 'x' }], [container('2026-01-01T00:05:00Z')]), {
    ready: true,
    readySince: undefined,
  });
  t.equal(status([{ ...ready, status: 'Unknown' }], [])?.readySince, undefined);
  t.match(status([], []), { ready: false, started: true }, 'written by hand');
  t.equal(status([], [{ started: true }, {}])?.started, true);
  t.equal(status([], [{ started: true }, { started: false }])?.started, false);
  t.equal(kinds.pods.project({ metadata: { name: 'p', deletionTimestamp: 'x' } })?.terminating, true);
  t.end();
});

void t.test('Services and their endpoints', (t) => {
  const service = kinds.services.project({
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { selector: { app: 'cart', odd: 1 }, publishNotReadyAddresses: true },
  });
  t.match(service, { selector: new Map([['app', 'cart']]), external: false, publishesNotReady: true });
  const outside = kinds.services.project({
    metadata: { name: 'x' },
    spec: { type: 'ExternalName', externalName: 'example.org' },
  });
  t.match(outside, { external: true, publishesNotReady: false, selector: new Map() });
  const slice = kinds.endpointSlices.project({
    metadata: { name: 'cart-abc', namespace: 'shop', uid: 'u', labels: { 'kubernetes.io/service-name': 'cart' } },
    endpoints: [
      { addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'cart-1' }, conditions: { ready: true } },
      { addresses: ['10.0.0.2', 'x'], targetRef: { kind: 'Node', name: 'n' }, conditions: { ready: null } },
      { conditions: { ready: false, terminating: true } },
      null,
    ],
  });
  t.strictSame(slice, {
    namespace: 'shop',
    name: 'cart-abc',
    uid: 'u',
    service: 'cart',
    endpoints: [
      { podName: 'cart-1', address: '10.0.0.1', ready: true, terminating: false },
      { podName: '', address: '10.0.0.2', ready: true, terminating: false },
      { podName: '', address: '', ready: false, terminating: true },
      { podName: '', address: '', ready: true, terminating: false },
    ],
  });
  t.end();
});

void t.test('workloads, and who scales or moves them', (t) => {
  const template = { metadata: { labels: { app: 'cart' }, managedFields: [1] }, spec: {} };
  const bare = kinds.replicaSets.project({
    metadata: { name: 'r', annotations: { 'deployment.kubernetes.io/revision': 'x' } },
    spec: { template },
  });
  t.match(bare, { revision: 0, desiredPods: 1, readyPods: 0, controller: undefined });
  t.strictSame(bare?.template, { metadata: { labels: { app: 'cart' } }, spec: {} });
  const annotations = {
    'rollback-bouncer.dev/jvm': 'true',
    'state.rollback-bouncer.dev/db': '1..2',
    'xrollback-bouncer.dev/a': '',
    other: '',
  };
  const mine = kinds.deployments.project({ metadata: { name: 'd', annotations }, spec: { minReadySeconds: 20, template } });
  t.strictSame([...mine!.annotations.keys()], ['rollback-bouncer.dev/jvm', 'state.rollback-bouncer.dev/db']);
  t.match(mine, { replicas: 1, minReadySeconds: 20, podLabels: new Map([['app', 'cart']]) });
  const rollout = { metadata: { name: 'd' }, spec: { replicas: 0, template }, status: { stableRS: 'abc' } };
  t.match(kinds.rollouts.project(rollout), { replicas: 0, stableHash: 'abc', podLabels: new Map([['app', 'cart']]) });
  const borrowing = { ...rollout, spec: { ...rollout.spec, workloadRef: { kind: 'Deployment', name: 'cart' } } };
  t.strictSame(kinds.rollouts.project(borrowing)?.podLabels, new Map());
  const target = { kind: 'Deployment', name: 'cart' };
  t.strictSame(kinds.autoscalers.project({ metadata: { name: 'h' }, spec: { scaleTargetRef: target } })?.target, target);
  const canary = { metadata: { name: 'c' }, spec: { targetRef: target }, status: { phase: 'Progressing' } };
  t.match(kinds.canaries.project(canary), { target, phase: 'Progressing' });
  t.equal(kinds.namespaces.project({ metadata: { name: 'n', namespace: 'x' } })?.namespace, '');
  t.end();
});

void t.test('indexes', (t) => {
  const stores = createStores();
  const put = (name: (typeof kindNames)[number], raw: JsonObject): void =>
    anyStore(stores, name).upsert(anyKind(name).project(raw)!);
  const metadata = { name: 'x', namespace: 'shop' };
  const target = { kind: 'Deployment', name: 'cart' };
  put('autoscalers', { metadata, spec: { scaleTargetRef: target } });
  put('canaries', { metadata, spec: { targetRef: target } });
  put('endpointSlices', { metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'cart' } } });
  put('endpointSlices', { metadata: { ...metadata, name: 'y' } });
  put('destinationRules', { metadata, spec: { host: 'cart.other.svc.cluster.local' } });
  put('destinationRules', { metadata: { ...metadata, name: 'all' }, spec: { host: '*.local' } });
  put('destinationRules', { metadata: { ...metadata, name: 'out' }, spec: { host: 'api.example.org' } });
  const route = (host: string, weight: number): JsonObject => ({ destination: { host }, weight });
  put('virtualServices', {
    metadata,
    spec: {
      hosts: ['cart', 'Shop.Example.org'],
      http: [{ route: [route('cart', 0), route('till.other.svc', 100)] }, { route: [route('api.example.org', 1)] }],
      tcp: [{ route: [route('cart', 1)] }],
    },
  });
  const workload = workloadKey('shop', 'Deployment', 'cart');
  t.equal(stores.autoscalers.by('target', workload).length, 1);
  t.equal(stores.canaries.by('target', workload).length, 1);
  t.equal(stores.endpointSlices.by('service', serviceKey('shop', 'cart')).length, 1);
  t.equal(stores.endpointSlices.by('service', serviceKey('shop', '')).length, 0, 'a slice of nobody');
  t.match(stores.destinationRules.by('service', ruleKey('shop', serviceKey('other', 'cart'))), [{ name: 'x' }]);
  t.match(stores.destinationRules.by('service', ruleKey('shop', anyService)), [{ name: 'all' }]);
  for (const host of ['cart', 'cart.shop.svc', 'shop.example.org']) {
    t.equal(stores.virtualServices.by('host', hostKey(host, 'shop')).length, 1, host);
  }
  for (const key of ['shop/cart', 'other/till']) t.equal(stores.virtualServices.by('destination', key).length, 1, key);
  stores.virtualServices.delete('shop', 'x');
  t.equal(stores.virtualServices.by('destination', 'shop/cart').length, 0);
  t.end();
});

void t.test('whatever the JSON: an item or none, and the same for its indexes', (t) => {
  const fields = [
    'metadata',
    'name',
    'namespace',
    'spec',
    'status',
    'labels',
    'ownerReferences',
    'conditions',
    'type',
    'template',
  ];
  const more = ['endpoints', 'selector', 'hosts', 'http', 'route', 'destination', 'host', 'subsets', 'targetRef', '__proto__'];
  const hostile = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 1, -0.5, '', 'True', 'Ready', '*', 'a.b'),
      fc.array(tie('value')),
      tie('object'),
    ),
    object: fc.dictionary(fc.constantFrom(...fields, ...more), tie('value')),
  }));
  const named = hostile.object.map((raw) => ({ ...(raw as JsonObject), metadata: { name: 'x', labels: raw as JsonObject } }));
  for (const name of kindNames) {
    const stores = createStores();
    fc.assert(
      fc.property(fc.oneof(hostile.object, named), (raw) => {
        const item = anyKind(name).project(raw as JsonObject);
        if (item !== undefined) anyStore(stores, name).upsert(item);
        if (item !== undefined) anyStore(stores, name).delete(item.namespace, item.name);
        return anyStore(stores, name).size() === 0;
      }),
    );
  }
  t.end();
});

void t.test('equal strings, maps and values are shared, within bounds', (t) => {
  const pool = createPool(2);
  const first = pool.map({ app: 'cart' });
  t.equal(pool.map({ app: 'cart' }), first);
  for (const app of ['a', 'b', 'c']) t.strictSame(pool.map({ app }), new Map([['app', app]]));
  t.not(pool.map({ app: 'cart' }), first, 'forgotten, and made anew');
  t.strictSame(pool.map(null), new Map());
  const value = pool.value('k', () => ({ a: 1 }));
  t.ok(Object.isFrozen(value));
  t.equal(
    pool.value('k', () => ({ a: 2 })),
    value,
  );
  t.strictSame(labelsOf(JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as JsonObject), new Map([['__proto__', 'x']]));
  t.end();
});
