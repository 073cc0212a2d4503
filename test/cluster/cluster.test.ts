import { KubeConfig } from '@kubernetes/client-node';
import t, { type Test } from 'tap';
import { ApiError, toApiError } from '../../src/cluster/api-error.ts';
import { createClient } from '../../src/cluster/client.ts';
import { connectCluster, type Cluster } from '../../src/cluster/cluster.ts';
import type { Timing } from '../../src/cluster/timing.ts';
import type { Fact, Facts } from '../../src/core/facts.ts';
import { fakeApi, refuse, until, type FakeApi } from './fake-api.ts';
import { deployment, namespace, replicaSet, request } from './samples.ts';

const both = ['namespaceLabels', 'ownedReplicaSets'] as const;

interface Rig {
  readonly api: FakeApi;
  readonly cluster: Cluster;
  clockMs: number;
}

/** One fake serves both kinds: an object is told to every watch, and each projection takes what it can. */
async function rig(t: Test, timing: Partial<Timing> = {}): Promise<Rig> {
  const api = await fakeApi();
  api.trouble = (url, response) => {
    if (url.pathname === '/api/v1/namespaces/late')
      return response.end(JSON.stringify(namespace('late', { mode: 'warn' }))).writableEnded;
    if (/namespaces\/[a-z]+$/.test(url.pathname)) return refuse(404, 'NotFound')(url, response, undefined as never);
    if (!url.pathname.endsWith('/replicasets') || !url.pathname.includes('/shop/')) return false;
    return response.end(JSON.stringify({ items: [replicaSet('cart-9', 'uid-cart'), replicaSet('x-1', 'uid-x'), null] }))
      .writableEnded;
  };
  api.put('cart-1', replicaSet('cart-1', 'uid-cart'));
  api.put('shop', { metadata: { labels: { team: 'blue' } } });
  const the: Rig = {
    api,
    clockMs: 0,
    cluster: connectCluster({
      kubeConfig: api.kubeConfig,
      kinds: ['namespaces', 'replicaSets'],
      now: () => the.clockMs,
      observer: { onError: () => undefined, onRelist: () => undefined, onCallbackError: () => undefined },
      timing: { watchSeconds: [60, 60], ...timing },
    }),
  };
  t.teardown(async () => {
    await the.cluster.stop();
    await api.close();
  });
  return the;
}

async function watching({ api, cluster }: Rig): Promise<void> {
  await cluster.whenSynced();
  await until(() => api.watches.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof ApiError ? error.message : 'no ApiError'),
  );

const update = request({ oldObject: deployment('cart', 'uid-cart') });
const valueOf = <T>(fact: Fact<T>): T | string => (fact.known ? fact.value : fact.why);
const namesOf = (facts: Facts): unknown => {
  const value = valueOf(facts.ownedReplicaSets);
  return typeof value === 'string' ? value : value.map(({ name }) => name);
};

void t.test('fresh caches answer at once, with their age', async (t) => {
  const the = await rig(t);
  t.notOk(the.cluster.synced());
  await watching(the);
  t.ok(the.cluster.synced());
  the.clockMs = 4000;
  const facts = the.cluster.gather(both, update);
  if (facts instanceof Promise) throw new Error('a promise');
  t.strictSame(facts.namespaceLabels, { known: true, value: new Map([['team', 'blue']]), ageSeconds: 4 });
  t.strictSame(namesOf(facts), ['cart-1']);
  t.match(the.cluster.ages(), [
    { kind: 'namespaces', state: 'synced', ageSeconds: 4, size: 2, callbackErrors: 0 },
    { kind: 'replicasets', state: 'synced', ageSeconds: 4, size: 2 },
  ]);
  t.strictSame(await the.cluster.gather(['ownedReplicaSets'], request({ operation: 'CREATE' })), {
    ownedReplicaSets: { known: true, value: [], ageSeconds: 0 },
  });
  t.equal(the.cluster.confirm(facts, true), undefined, 'nothing was looked up');
  await the.cluster.stop();
  await the.cluster.stop();
  await the.cluster.whenSynced();
  t.equal(the.cluster.ages()[0]?.ageSeconds, undefined);
});

void t.test('a namespace that the cache has not seen is asked for', async (t) => {
  const the = await rig(t);
  await watching(the);
  const late = await the.cluster.gather(['namespaceLabels'], request({ namespace: 'late' }));
  t.strictSame(valueOf(late.namespaceLabels), new Map([['mode', 'warn']]));
  const nowhere = await the.cluster.gather(['namespaceLabels'], request({ namespace: 'nowhere' }));
  t.strictSame(nowhere.namespaceLabels, { known: false, why: 'namespace not found' });
});

void t.test('stale caches are backed by live reads', async (t) => {
  const the = await rig(t);
  await watching(the);
  the.clockMs = 42_500;
  const facts = await the.cluster.gather(both, update);
  t.strictSame(namesOf(facts), ['cart-9'], 'live, and only those of this owner');
  t.strictSame(valueOf(facts.namespaceLabels), 'namespace not found');
  t.ok(the.api.requests.some((url) => url.searchParams.get('labelSelector') === 'app=cart'));
  const asked = the.api.requests.length;
  the.clockMs += 999;
  t.strictSame(namesOf(await the.cluster.gather(both, update)), ['cart-9']);
  t.equal(the.api.requests.slice(asked).filter(({ pathname }) => pathname.endsWith('/replicasets')).length, 0, 'the same answer');
  the.clockMs = 43_500;
  the.api.trouble = refuse(503, 'Busy');
  t.equal(namesOf(await the.cluster.gather(both, update)), 'no contact for 43 s; live read: HTTP 503');
  the.api.trouble = (_url, response) => response.end('{}').writableEnded;
  const odd = await the.cluster.gather(both, update);
  t.equal(namesOf(odd), 'no contact for 43 s; live read: odd answer');
  t.equal(valueOf(odd.namespaceLabels), 'no contact for 43 s; live read: odd answer');
  the.api.trouble = (): boolean => true;
  t.equal(
    namesOf(await the.cluster.gather(both, update, { deadlineMs: the.clockMs + 30 })),
    'no contact for 43 s; live read: timeout',
  );
  t.equal(
    namesOf(await the.cluster.gather(both, update, { deadlineMs: the.clockMs })),
    'no contact for 43 s; live read: no time left',
  );
  t.equal(namesOf(await the.cluster.gather(both, request({}))), 'the object has no uid');
  const hostile = request({ namespace: '../secrets', oldObject: deployment('cart', 'u') });
  const facts2 = await the.cluster.gather(both, hostile);
  t.equal(namesOf(facts2), 'odd namespace name');
  t.equal(valueOf(facts2.namespaceLabels), 'odd namespace name');
});

void t.test('what was looked up is confirmed at the version that is served', async (t) => {
  const api = await fakeApi();
  const cart = { metadata: { name: 'cart', namespace: 'shop' }, spec: { hosts: ['cart'] } };
  api.trouble = (url, response) => {
    if (!url.pathname.startsWith('/apis/networking.istio.io/v1beta1/')) return response.writeHead(404).end('404').writableEnded;
    if (!url.pathname.endsWith('/virtualservices/cart')) return false;
    return response.end(JSON.stringify({ ...cart, spec: { hosts: ['till'] } })).writableEnded;
  };
  api.put('cart', cart);
  const observer = { onError: () => undefined, onRelist: () => undefined, onCallbackError: () => undefined };
  const cluster = connectCluster({ kubeConfig: api.kubeConfig, kinds: ['virtualServices', 'canaries'], observer });
  t.teardown(async () => {
    await cluster.stop();
    await api.close();
  });
  await cluster.whenSynced();
  const held = (facts: Facts): unknown => {
    if (!facts.virtualServices.known || !facts.canaries.known) return 'unknown';
    t.strictSame(facts.canaries.value.by('target', 'shop/Deployment/cart'), [], 'not installed: none');
    return facts.virtualServices.value.get('shop', 'cart')?.hosts;
  };
  const facts = await cluster.gather(['virtualServices', 'canaries', 'services'], update);
  t.strictSame(held(facts), ['cart']);
  t.equal(cluster.confirm(facts, false), undefined);
  const surer = await cluster.confirm(facts, true);
  t.strictSame(surer === undefined ? undefined : held(surer), ['till']);
  t.equal(api.requests.at(-1)?.pathname, '/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices/cart');
  const services = facts.services.known ? facts.services.value.get('shop', 'cart') : undefined;
  const blind = await cluster.confirm(facts, false, { deadlineMs: performance.now() + 2000 });
  t.match([services, blind?.services], [undefined, { known: false, why: 'never synced; live read: HTTP 404' }]);
});

void t.test('without any API server: not synced, unknown with the reason, and stop ends it', async (t) => {
  const gone = await fakeApi();
  await gone.close();
  const { kubeConfig } = gone;
  const errors: ApiError[] = [];
  const observer = {
    onError: ({ error }: { error: ApiError }) => errors.push(error),
    onRelist: () => undefined,
    onCallbackError: () => undefined,
  };
  const cluster = connectCluster({ kubeConfig, kinds: ['namespaces'], observer });
  const facts = await cluster.gather(both, update);
  t.equal(namesOf(facts), 'never synced; live read: ECONNREFUSED');
  t.equal(valueOf(facts.namespaceLabels), 'never synced; live read: ECONNREFUSED');
  await until(() => errors.length > 1);
  t.equal(errors[0]?.reason, 'ECONNREFUSED');
  t.strictSame(cluster.ages(), [{ kind: 'namespaces', state: 'starting', ageSeconds: undefined, size: 0, callbackErrors: 0 }]);
  const waiting = cluster.whenSynced();
  await cluster.stop();
  await waiting;
  t.notOk(cluster.synced());
  t.equal(await failureOf(cluster.client.getJson('/x', {}, { timeoutMs: 100 })), 'stopped');
});

void t.test('the client says what went wrong', async (t) => {
  const api = await fakeApi();
  const client = createClient(api.kubeConfig, () => performance.now());
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  api.trouble = (): boolean => true;
  t.equal(await failureOf(client.getJson('/a', {}, { timeoutMs: 20 })), 'timeout');
  t.equal(await failureOf(client.getJson('/a', {}, { timeoutMs: 1000, signal: AbortSignal.abort() })), 'aborted');
  api.trouble = refuse(403, 'Forbidden');
  t.equal(await failureOf(client.getJson('/a', { x: 1, y: undefined }, { timeoutMs: 1000 })), 'HTTP 403 Forbidden');
  t.equal(api.requests.at(-1)?.href, 'http://fake/a?x=1');
  const bare = createClient(new KubeConfig(), () => 0);
  t.equal(await failureOf(bare.getJson('/a', {}, { timeoutMs: 1000 })), 'no cluster in the kubeconfig');
  t.equal(toApiError('odd').reason, 'failed');
  t.equal(toApiError(new DOMException('', 'TimeoutError')).reason, 'timeout');
  t.equal(toApiError(Object.assign(new Error('x'), { code: 'EPIPE' })).reason, 'EPIPE');
  t.equal(new ApiError('Gone', 410).message, 'HTTP 410 Gone');
});

void t.test('one pool of connections, renewed after a minute and after a failure', async (t) => {
  const api = await fakeApi();
  let nowMs = 0;
  const client = createClient(api.kubeConfig, () => nowMs);
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  // A connection is free again a moment after its answer was read.
  const get = async (): Promise<void> => {
    await client.getJson('/a', {}, { timeoutMs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await get();
  const [socket] = api.sockets;
  await get();
  t.equal(api.sockets.size, 1);
  t.ok(api.sockets.has(socket!));
  nowMs = 61_000;
  await get();
  await until(() => !api.sockets.has(socket!));
  const [second] = api.sockets;
  api.trouble = refuse(401, 'Unauthorized');
  await t.rejects(get());
  api.trouble = undefined;
  await get();
  await until(() => !api.sockets.has(second!));
  await client.close();
  await until(() => api.sockets.size === 0);
});
