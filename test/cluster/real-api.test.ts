import { KubeConfig } from '@kubernetes/client-node';
import t from 'tap';
import { connectCluster, type Cluster } from '../../src/cluster/cluster.ts';
import type { EventFailure } from '../../src/cluster/events.ts';
import { kindNames } from '../../src/cluster/kinds.ts';
import type { Denial } from '../../src/core/denial.ts';
import type { Facts } from '../../src/core/facts.ts';
import { deployment, request } from './samples.ts';
import { until } from './fake-api.ts';
import { lineTo, type Line } from './line.ts';
import { startPlane, type Plane } from '../controlplane/plane.ts';

let plane: Plane;
let line: Line;
let cluster: Cluster;
const relists: string[] = [];
const eventFailures: EventFailure[] = [];

t.before(async () => {
  plane = await startPlane({ components: [], egressProxy: false });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig());
  line = await lineTo(Number(new URL(plane.server).port));
  kubeConfig.clusters = kubeConfig.clusters.map((one) => ({ ...one, server: `https://127.0.0.1:${line.port}` }));
  cluster = connectCluster({
    kubeConfig,
    kinds: kindNames,
    observer: {
      onError: () => undefined,
      onRelist: ({ kind, reason }) => relists.push(`${kind} ${reason}`),
      onCallbackError: () => undefined,
    },
    events: { onError: (failure) => eventFailures.push(failure) },
  });
  await cluster.whenSynced();
});
t.teardown(async () => {
  await cluster.stop();
  line.cut();
  line.close();
  await plane.stop();
});

const replicaSets = '/apis/apps/v1/namespaces/default/replicasets';
const create = async (name: string, annotations = {}): Promise<void> => {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
  const body = { metadata: { name, annotations }, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
  await plane.api(replicaSets, { method: 'POST', body });
};
const remove = async (name: string): Promise<void> => {
  await plane.api(`${replicaSets}/${name}`, { method: 'DELETE' });
};
const cached = (): string =>
  cluster.stores.replicaSets
    .all()
    .map(({ name, uid }) => `${name} ${uid}`)
    .sort()
    .join();
const stored = async (): Promise<string> => {
  const { items } = (await plane.api(replicaSets)).body as { items: { metadata: { name: string; uid: string } }[] };
  return items
    .map(({ metadata: { name, uid } }) => `${name} ${uid}`)
    .sort()
    .join();
};
const equal = async (timeoutMs: number): Promise<void> => {
  const expected = await stored();
  await until(() => cached() === expected, timeoutMs);
};

await t.test('events arrive, whatever characters they carry', async (t) => {
  await create('a', { odd: 'line\u2028separator\u2029and\u0085next\r\nline' });
  await create('b');
  await equal(2000);
  t.ok(cluster.stores.replicaSets.get('default', 'a'));
  await remove('b');
  await equal(2000);
  t.notOk(cluster.stores.replicaSets.get('default', 'b'));
});

await t.test('a quiet kind is heard every few seconds', async (t) => {
  let oldest = 0;
  const end = performance.now() + 18_000;
  while (performance.now() < end) {
    oldest = Math.max(oldest, ...cluster.ages().map(({ ageSeconds }) => ageSeconds ?? Infinity));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.comment(`oldest cache: ${oldest.toFixed(2)} s`);
  t.ok(oldest < 9.5);
  t.notMatch(
    relists.filter((one) => !one.endsWith('first')),
    /./,
  );
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  await t.test(`the API server restarts by ${signal}: the cache equals a list afterwards`, async (t) => {
    await plane.restart('kube-apiserver', signal);
    await create(`after-${signal.toLowerCase()}`);
    await remove(signal === 'SIGTERM' ? 'a' : 'after-sigterm');
    const readyAt = performance.now();
    await equal(12_000);
    t.comment(`equal ${Math.round(performance.now() - readyAt)} ms after the API server was ready`);
  });
}

await t.test(
  'changes during a cut, after which the old version is not known any more: nothing that was deleted stays',
  async (t) => {
    await create('doomed');
    await equal(5000);
    line.cut();
    await remove('doomed');
    await create('new');
    // Its watch cache begins anew, after our version.
    await plane.restart('kube-apiserver', 'SIGKILL');
    t.ok(cluster.stores.replicaSets.get('default', 'doomed'), 'we do not know yet');
    line.heal();
    // The longest pause is 8 s, and it is the only one: the refusal of the old version is followed by a list at once.
    await equal(12_000);
    t.notOk(cluster.stores.replicaSets.get('default', 'doomed'));
    t.ok(relists.includes('replicasets expired-version'));
  },
);

await t.test('a line that goes dead without a word: known by the age, and healed', async (t) => {
  line.freeze();
  await create('unheard');
  await until(() => cluster.ages().every(({ ageSeconds }) => (ageSeconds ?? 0) > 10.5), 20_000);
  const stale = await cluster.gather(['ownedReplicaSets'], request({ namespace: 'default', oldObject: deployment('x', 'u') }));
  t.match(stale.ownedReplicaSets, { known: false, why: /^no contact for 1\d s; live read: timeout$/ });
  line.heal();
  await equal(20_000);
});

await t.test('a live answer equals the cached one', async (t) => {
  await until(() => cluster.ages().every(({ ageSeconds }) => (ageSeconds ?? Infinity) < 5), 15_000);
  const facts = await cluster.gather(
    ['namespaceLabels', 'ownedReplicaSets'],
    request({ namespace: 'default', oldObject: deployment('x', 'u') }),
  );
  t.match(facts.namespaceLabels, { known: true });
  t.ok(facts.namespaceLabels.known && facts.namespaceLabels.value.get('kubernetes.io/metadata.name') === 'default');
  t.match(facts.ownedReplicaSets, { known: true, value: [] });
  const nowhere = await cluster.gather(['namespaceLabels'], request({ namespace: 'nowhere' }));
  t.strictSame(nowhere.namespaceLabels, { known: false, why: 'namespace not found' });
});

await t.test('a confirmed look equals the cached one, whatever the kind', async (t) => {
  const labels = { app: 'cart', 'example.org/track': 'x' };
  const metadata = { name: 'cart', namespace: 'default', labels };
  const container = { name: 'app', image: 'app:1' };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const objects = {
    '/api/v1/namespaces/default/services': { metadata, spec: { selector: labels, ports: [{ port: 80 }] } },
    '/api/v1/namespaces/default/pods': { metadata, spec: { containers: [container] } },
    '/apis/apps/v1/namespaces/default/deployments': {
      metadata,
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    },
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers': {
      metadata,
      spec: { scaleTargetRef: target, maxReplicas: 3 },
    },
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': {
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'cart' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: false } }],
    },
  };
  for (const [path, body] of Object.entries(objects)) {
    const { status, body: answer } = await plane.api(path, { method: 'POST', body });
    t.equal(status, 201, `${path} ${JSON.stringify(answer)}`);
  }
  const selector = new Map(Object.entries(labels));
  const look = (facts: Facts): unknown => {
    const { namespaces, services, pods, deployments, autoscalers, endpointSlices, virtualServices } = facts;
    if (!namespaces.known || !services.known || !pods.known || !deployments.known) return 'unknown';
    if (!autoscalers.known || !endpointSlices.known || !virtualServices.known) return 'unknown';
    return [
      namespaces.value.get('', 'default'),
      services.value.get('default', 'cart'),
      services.value.get('default', 'nowhere'),
      pods.value.select('default', selector),
      deployments.value.select('default', selector),
      autoscalers.value.by('target', 'default/Deployment/cart'),
      endpointSlices.value.by('service', 'default/cart'),
      virtualServices.value.by('destination', 'default/cart'),
    ];
  };
  const gather = (): Promise<Facts> | Facts => cluster.gather(kindNames, request({ namespace: 'default' }));
  await until(() => cluster.stores.endpointSlices.by('service', 'default/cart').length === 1, 15_000);
  await until(() => cluster.stores.deployments.select('default', selector).length === 1, 15_000);
  await until(() => cluster.stores.services.get('default', 'cart') !== undefined, 15_000);
  await until(() => cluster.stores.pods.select('default', selector).length === 1, 15_000);
  await until(() => cluster.stores.autoscalers.by('target', 'default/Deployment/cart').length === 1, 15_000);
  await until(() => cluster.ages().every(({ ageSeconds }) => (ageSeconds ?? Infinity) < 5), 15_000);
  const facts = await gather();
  const cached = look(facts) as readonly unknown[];
  const surer = await cluster.confirm(facts, true, { deadlineMs: performance.now() + 4000 });
  t.ok(surer !== undefined && cluster.confirm(surer, true) === undefined, 'all are read');
  t.strictSame(surer === undefined ? undefined : look(surer), cached);
  t.match(cached, [{ name: 'default' }, { name: 'cart' }, undefined, [{ name: 'cart' }], [{}], [{}], [{}], []]);
});

await t.test('Events are taken, whatever the object is called; a namespace that is not there is a failure', async (t) => {
  const involved = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'default', name: 'cart', uid: 'its-uid' };
  const denial: Denial = {
    involved,
    operation: 'UPDATE',
    user: 'system:serviceaccount:ci:deployer',
    decisionId: 'a-decision',
    codes: ['a-policy/too-cold'],
    message: 'ä'.repeat(512),
  };
  const role = { group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole', namespace: '', uid: undefined };
  cluster.events.report(denial);
  cluster.events.report({ ...denial, operation: 'DELETE', involved: { ...role, name: 'System:İ--.' } });
  cluster.events.report({ ...denial, operation: 'CREATE', involved: { ...role, name: '' } });
  cluster.events.report({ ...denial, involved: { ...involved, name: 'x'.repeat(253) } });
  cluster.events.report({ ...denial, involved: { ...involved, namespace: 'nowhere' } });
  await until(() => cluster.events.counts().written + cluster.events.counts().failed === 5);
  t.strictSame(cluster.events.counts(), { written: 4, repeated: 0, dropped: 0, failed: 1 });
  t.match(eventFailures, [{ namespace: 'nowhere', failures: 1, error: { message: 'HTTP 404 NotFound' } }]);
  const kubectl = (...args: readonly string[]): Promise<string> => plane.kubectl(args).then(({ stdout }) => stdout);
  t.match(await kubectl('events', '--for', 'deployment.v1.apps/cart', '-n', 'default'), /Warning +Denied +Deployment\/cart +ää/);
  t.match(await kubectl('get', 'events', '-n', 'default', '--sort-by=.lastTimestamp'), /Denied +clusterrole\/System:/);
});
