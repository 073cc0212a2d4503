import fc from 'fast-check';
import t from 'tap';
import { deriveFact, evidentFact, objectUid, selectorOf } from '../../src/cluster/facts.ts';
import { createPool } from '../../src/cluster/intern.ts';
import { anyKind, createStores, kindNames, kindOf, kinds, kindsFor } from '../../src/cluster/kinds.ts';
import { offlineCluster } from '../../src/cluster/offline.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Facts } from '../../src/core/facts.ts';
import { deployment, namespace, replicaSet, request } from './samples.ts';

const both = ['namespaceLabels', 'ownedReplicaSets'] as const;

void t.test('facts of a watched cluster', (t) => {
  const stores = createStores();
  stores.namespaces.upsert(kinds.namespaces.project(namespace('shop', { team: 'blue' }))!);
  for (const raw of [replicaSet('cart-1', 'uid-cart'), replicaSet('cart-2', 'uid-cart'), replicaSet('till-1', 'uid-till')]) {
    stores.replicaSets.upsert(kinds.replicaSets.project(raw)!);
  }
  const update = request({ oldObject: deployment('cart', 'uid-cart') });
  t.strictSame(deriveFact('namespaceLabels', stores, update), new Map([['team', 'blue']]));
  t.strictSame(
    deriveFact('ownedReplicaSets', stores, update)?.map(({ name }) => name),
    ['cart-1', 'cart-2'],
  );
  t.strictSame(deriveFact('ownedReplicaSets', stores, update)?.[0], {
    name: 'cart-1',
    uid: 'uid-cart-1',
    createdAt: '2026-01-01T00:00:00Z',
    revision: 7,
    template: { spec: { containers: [] } },
    desiredPods: 3,
    readyPods: 2,
  });
  t.strictSame(deriveFact('ownedReplicaSets', stores, request({ oldObject: deployment('cart', 'uid-other') })), []);
  t.equal(deriveFact('namespaceLabels', stores, request({ namespace: 'elsewhere' })), undefined);
  t.end();
});

void t.test('what needs no cluster', (t) => {
  t.strictSame(evidentFact('ownedReplicaSets', request({ operation: 'CREATE' })), []);
  t.equal(evidentFact('ownedReplicaSets', request({})), undefined);
  t.strictSame(evidentFact('namespaceLabels', request({ namespace: '' })), new Map());
  const ofNamespace = { group: '', resource: 'namespaces', namespace: 'shop', name: 'shop' };
  const relabel = {
    ...ofNamespace,
    object: namespace('shop', { mode: 'off' }),
    oldObject: namespace('shop', { mode: 'enforce' }),
  };
  t.strictSame(evidentFact('namespaceLabels', request(relabel)), new Map([['mode', 'enforce']]), 'the stored labels count');
  const creation = {
    ...ofNamespace,
    operation: 'CREATE' as const,
    object: namespace('shop', { mode: 'warn' }),
    oldObject: undefined,
  };
  t.strictSame(evidentFact('namespaceLabels', request(creation)), new Map([['mode', 'warn']]));
  t.equal(evidentFact('namespaceLabels', request({ ...ofNamespace, object: undefined, oldObject: undefined })), undefined);
  t.end();
});

void t.test('manifests as a complete cluster', (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' };
  const byHand = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'cart-1', namespace: 'shop', ownerReferences: [owner] },
  };
  const elsewhere = { ...byHand, metadata: { ...byHand.metadata, namespace: 'other' } };
  const { gather, kept, stores } = offlineCluster([
    namespace('shop', { team: 'blue' }),
    byHand,
    elsewhere,
    replicaSet('till-1', 'uid-till'),
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart' } },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'homeless' } },
    {},
  ]);
  t.equal(kept, 5);
  t.ok(stores.deployments.get('default', 'homeless'));
  const names = (facts: Facts): readonly string[] =>
    facts.ownedReplicaSets.known ? facts.ownedReplicaSets.value.map(({ name }) => name) : ['unknown'];
  const ask = (change: Parameters<typeof request>[0]): Facts => gather(both, request(change)) as Facts;
  t.strictSame(ask({}).namespaceLabels, { known: true, value: new Map([['team', 'blue']]), ageSeconds: 0 });
  t.strictSame(ask({ namespace: 'nowhere' }).namespaceLabels, { known: true, value: new Map(), ageSeconds: 0 });
  t.strictSame(names(ask({ oldObject: deployment('cart', '') })), ['cart-1'], 'no uid anywhere');
  t.strictSame(names(ask({ oldObject: deployment('cart', 'uid-cart') })), ['cart-1'], 'a uid on one side');
  t.strictSame(names(ask({ oldObject: deployment('till', 'uid-till'), name: 'till' })), ['till-1'], 'a uid on both');
  t.strictSame(names(ask({ oldObject: deployment('till', 'uid-new'), name: 'till' })), [], 'another uid');
  const scale = { kind: 'Scale', group: 'autoscaling', metadata: { name: 'cart', namespace: 'shop' } };
  t.strictSame(names(ask({ subresource: 'scale', kind: 'Scale', object: scale, oldObject: scale })), ['cart-1']);
  t.strictSame(names(ask({ resource: 'rollouts', subresource: 'scale', kind: 'Scale', object: scale })), []);
  t.strictSame(names(ask({ operation: 'CREATE' })), []);
  t.end();
});

void t.test('selectors for a live list', (t) => {
  t.equal(selectorOf(request({ oldObject: deployment('cart', 'u') })), 'app=cart');
  t.equal(selectorOf(request({ object: { status: { selector: 'app=cart,tier=x' } } })), 'app=cart,tier=x');
  t.equal(selectorOf(request({ object: { status: { selector: '' } } })), undefined);
  t.equal(selectorOf(request({ object: { spec: { selector: { matchExpressions: [] } } } })), undefined);
  t.equal(selectorOf(request({ object: { spec: { selector: { matchLabels: { a: 1, b: 'x' } } } } })), 'b=x');
  t.equal(selectorOf(request({ object: undefined, oldObject: undefined })), undefined);
  t.equal(objectUid(request({ object: { metadata: { uid: 7 } }, oldObject: deployment('cart', 'u') })), 'u');
  t.end();
});

void t.test('kinds', (t) => {
  t.equal(kindOf('apps', 'replicasets'), 'replicaSets');
  t.equal(kindOf('apps', 'pods'), undefined);
  t.strictSame(kindsFor(both), ['namespaces', 'replicaSets']);
  t.end();
});

void t.test('projections keep what is needed, and survive any JSON', (t) => {
  const pod = kinds.pods.project({
    metadata: {
      name: 'p',
      namespace: 'shop',
      uid: 'u',
      labels: { app: 'cart', odd: 1 },
      ownerReferences: [{ controller: true, uid: 'rs' }],
      managedFields: [],
    },
    spec: { containers: [{}, {}] },
    status: {
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      containerStatuses: [
        { started: true, restartCount: 2 },
        { started: true, restartCount: 1 },
      ],
    },
  });
  t.strictSame(pod, {
    namespace: 'shop',
    name: 'p',
    uid: 'u',
    labels: new Map([['app', 'cart']]),
    ownerUid: 'rs',
    podIP: '10.0.0.1',
    ready: true,
    readySince: Date.UTC(2026, 0, 1),
    started: true,
    restarts: 3,
    terminating: false,
  });
  const oddTime = kinds.pods.project({
    metadata: { name: 'p' },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 'x' }] },
  });
  t.match(oddTime, { ready: true, readySince: undefined, started: false });
  const notAll = { containerStatuses: [{ started: true }, { started: false }] };
  t.match(kinds.pods.project({ metadata: { name: 'p', deletionTimestamp: 'x' }, status: notAll }), {
    started: false,
    terminating: true,
  });
  const template = { metadata: { labels: {}, managedFields: [1] }, spec: {} };
  const bare = kinds.replicaSets.project({
    metadata: { name: 'r', annotations: { 'deployment.kubernetes.io/revision': 'x' } },
    spec: { template },
  });
  t.match(bare, { revision: 0, desiredPods: 1, readyPods: 0, controller: undefined });
  t.strictSame(bare?.template, { metadata: { labels: {} }, spec: {} });
  const annotations = {
    'rollback-bouncer.dev/jvm': 'true',
    'state.rollback-bouncer.dev/db': '1..2',
    'xrollback-bouncer.dev/a': '',
    other: '',
  };
  const mine = kinds.deployments.project({ metadata: { name: 'd', annotations }, spec: { paused: true } });
  t.strictSame([...mine!.annotations.keys()], ['rollback-bouncer.dev/jvm', 'state.rollback-bouncer.dev/db']);
  t.match(mine, { paused: true, replicas: 1 });
  t.equal(kinds.namespaces.project({ metadata: { name: 'n', namespace: 'x' } })?.namespace, '');
  const hostile = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 1, -0.5, '', 'True', 'Ready'),
      fc.array(tie('value')),
      tie('object'),
    ),
    object: fc.dictionary(
      fc.constantFrom(
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
        '__proto__',
      ),
      tie('value'),
    ),
  }));
  for (const name of kindNames) {
    fc.assert(
      fc.property(hostile.object, (raw) => {
        const { project, indexes } = anyKind(name);
        const item = project(raw as JsonObject);
        if (item !== undefined) for (const index of Object.values(indexes)) index(item);
      }),
    );
  }
  t.end();
});

void t.test('equal strings and maps are shared, within bounds', (t) => {
  const pool = createPool(2);
  const first = pool.map({ app: 'cart' });
  t.equal(pool.map({ app: 'cart' }), first);
  for (const app of ['a', 'b', 'c']) t.strictSame(pool.map({ app }), new Map([['app', app]]));
  t.not(pool.map({ app: 'cart' }), first, 'forgotten, and made anew');
  t.strictSame(pool.map(null), new Map());
  t.end();
});
