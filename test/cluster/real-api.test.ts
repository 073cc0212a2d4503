import { KubeConfig } from '@kubernetes/client-node';
import t from 'tap';
import { connectCluster, type Cluster } from '../../src/cluster/cluster.ts';
import { deployment, request } from './samples.ts';
import { until } from './fake-api.ts';
import { lineTo, type Line } from './line.ts';
import { startPlane, type Plane } from '../controlplane/plane.ts';

let plane: Plane;
let line: Line;
let cluster: Cluster;
const relists: string[] = [];

t.before(async () => {
  plane = await startPlane({ components: [], egressProxy: false });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(plane.kubeconfig());
  line = await lineTo(Number(new URL(plane.server).port));
  kubeConfig.clusters = kubeConfig.clusters.map((one) => ({ ...one, server: `https://127.0.0.1:${line.port}` }));
  cluster = connectCluster({
    kubeConfig,
    kinds: ['namespaces', 'replicaSets', 'pods', 'deployments'],
    observer: {
      onError: () => undefined,
      onRelist: ({ kind, reason }) => relists.push(`${kind} ${reason}`),
      onCallbackError: () => undefined,
    },
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
