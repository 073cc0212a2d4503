import t from 'tap';
import { ApiError } from '../../src/cluster/api-error.ts';
import type { Query } from '../../src/cluster/client.ts';
import { createConfirm, type ClusterConfirm } from '../../src/cluster/confirm.ts';
import { createGather } from '../../src/cluster/gather.ts';
import { anyKind, anyStore, createStores, kindNames, type KindName } from '../../src/cluster/kinds.ts';
import { createLiveReads } from '../../src/cluster/live-reads.ts';
import type { Sources } from '../../src/cluster/sources.ts';
import type { Fact, Facts, LookupKey, Lookups } from '../../src/core/facts.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { anyService, ruleKey, serviceKey, workloadKey } from '../../src/core/keys.ts';
import { request } from './samples.ts';

/** Stores, ages and a scripted API server: what it is asked is noted, and what it has not is 404. */
interface Rig {
  readonly facts: () => Facts;
  readonly confirm: ClusterConfirm;
  readonly ages: Map<KindName, number | undefined>;
  readonly missing: Set<KindName>;
  /** In the cache. */
  readonly cache: (kind: KindName, ...objects: readonly JsonObject[]) => void;
  /** At the API server, by path. */
  readonly live: Map<string, JsonObject | Error | 'hangs'>;
  readonly asked: string[];
  nowMs: number;
}

function rig(): Rig {
  const stores = createStores();
  const ages = new Map<KindName, number | undefined>(kindNames.map((name) => [name, 1]));
  const missing = new Set<KindName>();
  const live: Rig['live'] = new Map();
  const asked: string[] = [];
  const getJson = async (path: string, { labelSelector }: Query): Promise<JsonObject> => {
    const question = labelSelector === undefined ? path : `${path}?${String(labelSelector)}`;
    asked.push(question);
    const answer = live.get(question);
    if (answer === 'hangs') return new Promise(() => undefined);
    if (answer instanceof Error) throw answer;
    if (answer === undefined) throw new ApiError('NotFound', 404);
    return Promise.resolve(answer);
  };
  const sources: Sources = {
    stores,
    ageSeconds: (kind) => ages.get(kind),
    version: (kind) => anyKind(kind).versions[0] ?? '',
    missing: (kind) => missing.has(kind),
    readLive: createLiveReads({ getJson }, { now: () => the.nowMs, timeoutMs: 50 }),
    now: () => the.nowMs,
    recordings: new WeakMap(),
  };
  const gather = createGather(sources);
  const the: Rig = {
    nowMs: 0,
    facts: () => gather(kindNames, request({})) as Facts,
    confirm: createConfirm(sources),
    ages,
    missing,
    cache: (kind, ...objects) => {
      for (const object of objects) anyStore(stores, kind).upsert(anyKind(kind).project(object)!);
    },
    live,
    asked,
  };
  return the;
}

const lookup = <K extends LookupKey>(facts: Facts, key: K): Lookups[K] => {
  const fact = facts[key] as Fact<Lookups[K]>;
  if (!fact.known) throw new Error(`${key}: ${fact.why}`);
  return fact.value;
};
/** A round that there is something to read in. */
const round = async (the: Rig, facts: Facts, denied: boolean, deadlineMs = Infinity): Promise<Facts> => {
  const surer = the.confirm(facts, denied, { deadlineMs });
  if (surer === undefined) throw new Error('nothing to read');
  return surer;
};
const names = (items: readonly { readonly name: string }[]): readonly string[] => items.map(({ name }) => name);
const object = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { name, namespace: 'shop', ...(more['metadata'] as JsonObject | undefined) },
  spec: more['spec'],
});
const labelled = (name: string, app: string): JsonObject => object(name, { metadata: { labels: { app } } });
const listOf = (...items: readonly JsonObject[]): JsonObject => ({ items });
const service = (name: string, app: string): JsonObject => object(name, { spec: { selector: { app } } });
const deploymentOf = (name: string, app: string): JsonObject =>
  object(name, { spec: { template: { metadata: { labels: { app } } } } });
const targeting = (field: string, name: string, target: string): JsonObject =>
  object(name, { spec: { [field]: { kind: 'Deployment', name: target } } });
const cart = new Map([['app', 'cart']]);

void t.test('an allowed review with fresh caches reads nothing', (t) => {
  const the = rig();
  the.cache('services', service('cart', 'cart'));
  const facts = the.facts();
  t.equal(the.confirm(facts, true), undefined, 'nothing was looked up');
  t.equal(lookup(facts, 'services').asked?.(), false);
  t.ok(lookup(facts, 'services').get('shop', 'cart'));
  t.equal(lookup(facts, 'services').asked?.(), true);
  t.equal(lookup(facts, 'pods').asked?.(), false);
  t.equal(facts.services.known && facts.services.ageSeconds, 1);
  the.ages.set('canaries', undefined);
  t.equal(the.confirm(facts, false), undefined, 'nobody looked for canaries');
  t.strictSame(the.asked, []);
  t.end();
});

void t.test('before a denial, each look is answered by the API server', async (t) => {
  const the = rig();
  the.cache('namespaces', { metadata: { name: 'shop' } });
  the.cache('services', service('cart', 'old'), service('gone', 'x'));
  the.cache('pods', labelled('cart-1', 'cart'));
  the.cache('endpointSlices', object('cart-a', { metadata: { labels: { 'kubernetes.io/service-name': 'cart' } } }));
  the.cache('autoscalers', targeting('scaleTargetRef', 'cart', 'cart'));
  const look = (facts: Facts): readonly unknown[] => [
    lookup(facts, 'namespaces').get('', 'shop')?.labels,
    lookup(facts, 'services').get('shop', 'cart')?.selector,
    lookup(facts, 'services').get('shop', 'gone')?.name,
    names(lookup(facts, 'pods').select('shop', cart)),
    names(lookup(facts, 'endpointSlices').by('service', serviceKey('shop', 'cart'))),
    names(lookup(facts, 'autoscalers').by('target', workloadKey('shop', 'Deployment', 'cart'))),
    names(lookup(facts, 'destinationRules').by('service', ruleKey('shop', serviceKey('shop', 'cart')))),
    names(lookup(facts, 'destinationRules').by('service', ruleKey('shop', anyService))),
  ];
  const first = the.facts();
  t.strictSame(look(first), [new Map(), new Map([['app', 'old']]), 'gone', ['cart-1'], ['cart-a'], ['cart'], [], []]);
  the.live.set('/api/v1/namespaces/shop', { metadata: { name: 'shop', labels: { a: 'b' } } });
  the.live.set('/api/v1/namespaces/shop/services/cart', service('cart', 'cart'));
  the.live.set('/api/v1/namespaces/shop/pods?app=cart', listOf(labelled('cart-1', 'cart'), labelled('cart-2', 'cart')));
  the.live.set('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?kubernetes.io/service-name=cart', listOf());
  the.live.set(
    '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers',
    listOf(targeting('scaleTargetRef', 'cart', 'other'), targeting('scaleTargetRef', 'new', 'cart')),
  );
  const rules = '/apis/networking.istio.io/v1/namespaces/shop/destinationrules';
  the.live.set(rules, listOf(object('mine', { spec: { host: 'cart' } }), object('all', { spec: { host: '*' } })));
  const second = await round(the, first, true);
  const expected = [new Map([['a', 'b']]), cart, undefined, ['cart-1', 'cart-2'], [], ['new'], ['mine'], ['all']];
  t.strictSame(look(second), expected);
  t.equal(the.asked.length, 7, 'both looks for rules share a list');
  t.equal(the.confirm(second, true), undefined, 'all of it was read');
  t.ok(lookup(second, 'services').get('shop', 'more') === undefined);
  const third = await round(the, second, true);
  t.equal(the.asked.length, 8, 'only what is new is read');
  t.strictSame(look(third), expected, 'what was read in an earlier round stays');
  t.equal(the.confirm(third, true), undefined);
});

void t.test('dear lists: while the cache is fresh, what it found is read again', async (t) => {
  const the = rig();
  const destinations = (...hosts: readonly string[]): JsonObject => ({
    hosts: ['cart'],
    http: [{ route: hosts.map((host) => ({ destination: { host } })) }],
  });
  the.cache('virtualServices', object('a', { spec: destinations('cart') }), object('b', { spec: destinations('cart') }));
  the.cache('virtualServices', object('c', { spec: destinations('cart') }), object('d', { spec: destinations('cart') }));
  the.cache('deployments', deploymentOf('cart', 'cart'), deploymentOf('relabelled', 'cart'));
  the.cache('canaries', targeting('targetRef', 'cart', 'cart'));
  const look = (facts: Facts): readonly unknown[] => [
    names(lookup(facts, 'virtualServices').by('destination', serviceKey('shop', 'cart'))),
    names(lookup(facts, 'virtualServices').by('host', 'svc:shop/cart')),
    names(lookup(facts, 'deployments').select('shop', cart)),
    names(lookup(facts, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart'))),
    names(lookup(facts, 'rollouts').select('shop', cart)),
  ];
  const first = the.facts();
  t.strictSame(look(first), [['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd'], ['cart', 'relabelled'], ['cart'], []]);
  const routes = '/apis/networking.istio.io/v1/namespaces/shop/virtualservices';
  the.live.set(`${routes}/a`, object('a', { spec: destinations('cart', 'till') }));
  the.live.set(`${routes}/b`, object('b', { spec: destinations('till') }));
  the.live.set(`${routes}/c`, new ApiError('timeout'));
  the.live.set('/apis/apps/v1/namespaces/shop/deployments/cart', deploymentOf('cart', 'cart'));
  the.live.set('/apis/apps/v1/namespaces/shop/deployments/relabelled', deploymentOf('relabelled', 'other'));
  const second = await round(the, first, true);
  t.strictSame(look(second), [['a', 'c'], ['a', 'b', 'c'], ['cart'], [], []], 'gone, changed, not readable');
  t.equal(new Set(the.asked).size, 7);
  t.equal(the.confirm(second, true), undefined);
});

void t.test('of many objects, the first are read again', async (t) => {
  const the = rig();
  const many = Array.from({ length: 20 }, (_, index) => deploymentOf(`cart-${index}`, 'cart'));
  the.cache('deployments', ...many);
  const first = the.facts();
  lookup(first, 'deployments').select('shop', cart);
  const second = await round(the, first, true);
  t.strictSame(names(lookup(second, 'deployments').select('shop', cart)), ['cart-16', 'cart-17', 'cart-18', 'cart-19']);
  t.equal(the.asked.length, 16);
});

void t.test('a stale cache is backed before anything, and only that one', async (t) => {
  const the = rig();
  the.ages.set('canaries', 42.5).set('services', undefined);
  the.cache('canaries', targeting('targetRef', 'old', 'cart'));
  the.cache('pods', labelled('cart-1', 'cart'));
  const first = the.facts();
  t.equal(first.services.known && first.services.ageSeconds, Infinity);
  lookup(first, 'services').get('shop', 'cart');
  lookup(first, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart'));
  lookup(first, 'pods').select('shop', cart);
  the.live.set('/api/v1/namespaces/shop/services/cart', service('cart', 'cart'));
  the.live.set('/apis/flagger.app/v1beta1/namespaces/shop/canaries', listOf(targeting('targetRef', 'new', 'cart')));
  const reading = round(the, first, false);
  the.nowMs = 500;
  const second = await reading;
  t.strictSame(lookup(second, 'services').get('shop', 'cart')?.selector, cart);
  t.strictSame(
    names(lookup(second, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart'))),
    ['new'],
    'a list: what the cache found is not enough',
  );
  lookup(second, 'pods').select('shop', cart);
  t.equal(the.asked.length, 2);
  t.equal(second.services.known && second.services.ageSeconds, 0.5, 'as old as the read');
  t.equal(second.pods.known && second.pods.ageSeconds, 1);
  t.equal(the.confirm(second, false), undefined);
  await round(the, second, true);
  t.strictSame(the.asked.slice(2), ['/api/v1/namespaces/shop/pods?app=cart'], 'a denial asks for the rest');
});

void t.test('dear lists are read where the cache is stale', async (t) => {
  const the = rig();
  the.ages.set('virtualServices', 11).set('deployments', undefined);
  const first = the.facts();
  lookup(first, 'virtualServices').by('host', 'shop.example.org');
  lookup(first, 'deployments').select('shop', cart);
  the.live.set('/apis/networking.istio.io/v1/virtualservices', listOf(object('new', { spec: { hosts: ['shop.example.org'] } })));
  the.live.set('/apis/apps/v1/namespaces/shop/deployments', listOf(deploymentOf('a', 'cart'), deploymentOf('b', 'till')));
  const second = await round(the, first, false);
  t.strictSame(names(lookup(second, 'virtualServices').by('host', 'shop.example.org')), ['new'], 'of all namespaces');
  t.strictSame(names(lookup(second, 'deployments').select('shop', cart)), ['a']);
});

void t.test('what cannot be read: fresh caches stand, stale ones are unknown', async (t) => {
  const the = rig();
  the.ages.set('canaries', 42.5).set('services', undefined).set('rollouts', 11);
  the.cache('pods', labelled('cart-1', 'cart'));
  const first = the.facts();
  lookup(first, 'services').get('shop', 'cart');
  lookup(first, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart'));
  lookup(first, 'rollouts').select('shop', cart);
  lookup(first, 'pods').select('shop', cart);
  the.live.set('/api/v1/namespaces/shop/services/cart', new ApiError('ECONNREFUSED'));
  the.live.set('/apis/flagger.app/v1beta1/namespaces/shop/canaries', 'hangs');
  the.live.set('/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts', { items: [], metadata: { continue: 'more' } });
  the.live.set('/api/v1/namespaces/shop/pods?app=cart', new ApiError('Forbidden', 403));
  const second = await round(the, first, true);
  t.match(second.services, { known: false, why: 'never synced; live read: ECONNREFUSED' });
  t.match(second.canaries, { known: false, why: 'no contact for 42 s; live read: timeout' });
  t.match(second.rollouts, { known: false, why: 'no contact for 11 s; live read: too many objects' });
  t.strictSame(names(lookup(second, 'pods').select('shop', cart)), ['cart-1']);
  t.equal(the.confirm(second, true), undefined, 'a read that failed is not tried again');
  lookup(second, 'deployments').get('shop', 'cart');
  const third = await round(the, second, true);
  t.notOk(third.services.known, 'unknown stays unknown');
  const late = the.facts();
  lookup(late, 'services').get('shop', 'cart');
  lookup(late, 'pods').select('shop', cart);
  const none = await round(the, late, true, 0);
  t.match(none.services, { known: false, why: 'never synced; live read: no time left' });
  t.strictSame(names(lookup(none, 'pods').select('shop', cart)), ['cart-1']);
});

void t.test('a kind that is not installed has nothing, without a call', async (t) => {
  const the = rig();
  the.missing.add('rollouts').add('canaries');
  the.ages.set('canaries', 12);
  const first = the.facts();
  lookup(first, 'rollouts').select('shop', cart);
  lookup(first, 'rollouts').get('shop', 'cart');
  const second = await round(the, first, true);
  t.strictSame(lookup(second, 'rollouts').select('shop', cart), []);
  t.strictSame(the.asked, []);
  lookup(second, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart'));
  the.live.set('/apis/flagger.app/v1beta1/namespaces/shop/canaries', new ApiError('refused', 404));
  const third = await round(the, second, true);
  t.strictSame(lookup(third, 'canaries').by('target', workloadKey('shop', 'Deployment', 'cart')), [], 'it is still not there');
  the.missing.delete('canaries');
  lookup(third, 'canaries').by('target', workloadKey('shop', 'Deployment', 'till'));
  the.nowMs = 2000;
  const fourth = await round(the, third, true);
  t.match(fourth.canaries, { known: false, why: 'no contact for 12 s; live read: HTTP 404' });
});

void t.test('odd names reach no path and no selector', async (t) => {
  const the = rig();
  for (const kind of kindNames) the.ages.set(kind, undefined);
  const first = the.facts();
  for (const odd of ['', '..', '../secrets', 'a/b', 'A', 'a b', 'x?y', 'x'.repeat(300), '__proto__']) {
    lookup(first, 'services').get('shop', odd);
    lookup(first, 'services').get(odd, 'cart');
    lookup(first, 'namespaces').get('', odd);
    lookup(first, 'pods').select('shop', new Map([['app', `${odd},x`]]));
    lookup(first, 'pods').select('shop', new Map([[`${odd},x/`, 'cart']]));
    lookup(first, 'pods').select(odd, cart);
    lookup(first, 'deployments').select(odd, cart);
    lookup(first, 'endpointSlices').by('service', `shop/${odd},x`);
    lookup(first, 'endpointSlices').by('service', `${odd}/cart`);
    // Up to the slash a name, and the rest is compared only.
    if (odd !== 'a/b') lookup(first, 'autoscalers').by('target', `${odd}/Deployment/cart`);
    if (odd !== 'a b') lookup(first, 'destinationRules').by('service', `${odd} shop/cart`);
  }
  lookup(first, 'namespaces').get('shop', 'cart');
  lookup(first, 'pods').select('shop', new Map());
  lookup(first, 'endpointSlices').by('service', 'cart');
  lookup(first, 'endpointSlices').by('__proto__' as 'service', 'cart');
  const second = await round(the, first, true);
  t.strictSame(the.asked, []);
  t.strictSame(lookup(second, 'pods').select('shop', new Map()), []);
  t.equal(lookup(second, 'services').get('shop', '../secrets'), undefined);
  t.equal(the.confirm(second, true), undefined);
});

void t.test('a review reads no more than 48 times', async (t) => {
  const the = rig();
  the.ages.set('replicaSets', 30);
  for (let index = 0; index < 60; index += 1) the.cache('services', service(`s-${index}`, 'x'));
  const first = the.facts();
  for (let index = 0; index < 60; index += 1) lookup(first, 'services').get('shop', `s-${index}`);
  lookup(first, 'replicaSets').get('shop', 'cart-1');
  const second = await round(the, first, true);
  t.equal(the.asked.length, 48);
  t.equal(lookup(second, 'services').get('shop', 's-0'), undefined, 'read, and gone');
  t.ok(lookup(second, 'services').get('shop', 's-59'), 'not read: the cache is fresh');
  t.match(second.replicaSets, { known: false, why: 'too many objects to read again' });
  t.equal(the.confirm(second, true), undefined);
});

void t.test('two reviews share what they read, for a second', async (t) => {
  const the = rig();
  the.live.set('/api/v1/namespaces/shop/services/cart', service('cart', 'cart'));
  const review = async (): Promise<void> => {
    const facts = the.facts();
    lookup(facts, 'services').get('shop', 'cart');
    await round(the, facts, true);
  };
  await Promise.all([review(), review()]);
  await review();
  t.equal(the.asked.length, 1);
  the.nowMs = 1001;
  await review();
  t.equal(the.asked.length, 2);
});
