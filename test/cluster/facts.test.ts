import t from 'tap';
import { deriveFact, evidentFact, objectUid, selectorOf } from '../../src/cluster/facts.ts';
import { createStores, kinds } from '../../src/cluster/kinds.ts';
import { offlineCluster } from '../../src/cluster/offline.ts';
import type { Facts } from '../../src/core/facts.ts';
import { hostKey } from '../../src/kubernetes/routes/host.ts';
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
  t.equal(kept, 6);
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

void t.test('lookups over manifests', (t) => {
  const labels = { app: 'cart', track: 'canary' };
  const { gather } = offlineCluster([
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart', namespace: 'shop' }, spec: { selector: { app: 'cart' } } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-1', namespace: 'shop', labels } },
    { apiVersion: 'networking.istio.io/v1alpha3', kind: 'VirtualService', metadata: { name: 'cart' }, spec: { hosts: ['cart'] } },
  ]);
  const facts = gather(['services', 'pods', 'virtualServices', 'canaries'], request({})) as Facts;
  if (!facts.services.known || !facts.pods.known || !facts.virtualServices.known || !facts.canaries.known)
    throw new Error('blind');
  const { selector } = facts.services.value.get('shop', 'cart')!;
  t.strictSame(
    facts.pods.value.select('shop', selector).map(({ name }) => name),
    ['cart-1'],
  );
  t.equal(facts.pods.ageSeconds, 0);
  t.match(
    facts.virtualServices.value.by('host', hostKey('cart.default.svc.cluster.local', 'x')),
    [{ name: 'cart' }],
    'any version',
  );
  t.strictSame(facts.canaries.value.by('target', 'shop/Deployment/cart'), []);
  t.end();
});
